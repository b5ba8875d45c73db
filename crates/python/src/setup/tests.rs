//! setup.py and setup.cfg as projects write them.

use proptest::prelude::*;

use super::*;

fn shown(setup: &Setup) -> String {
    let Setup { name, version, python, requires, scripts, has_modules } = setup;
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    format!("{} {} {} {requires:?} {scripts:?} {has_modules}", text(name), text(version), text(python))
}

#[test]
fn plain_values_of_a_script_are_read() {
    for (text, expected) in [
        (
            "from setuptools import find_packages, setup\nsetup(\n    name=\"gauge\",\n    version='1.0',\n    \
             packages=find_packages(),\n    install_requires=[\"idna==3.7\", 'six'  # why\n    ],\n    \
             entry_points={\"console_scripts\": [\"gauge = gauge.cli:main\"]},\n)\n",
            "gauge 1.0 - Listed([\"idna==3.7\", \"six\"]) {\"gauge\": \"gauge.cli:main\"} true",
        ),
        (
            "import setuptools\nNAME = 'a'\nREQUIRED = ('x>1; python_version < \"3.9\"', 'y',)\n\
             setuptools.setup(name=NAME, python_requires='>=3.8', install_requires=REQUIRED, py_modules=['a'])",
            "a - >=3.8 Listed([\"x>1; python_version < \\\"3.9\\\"\", \"y\"]) {} true",
        ),
        ("setup(name='a', install_requires=open('requirements.txt').read().splitlines())", "a - - Computed {} false"),
        ("setup(name='a', install_requires=['x'] + MORE)", "a - - Computed {} false"),
        ("setup(name='a', version=f'{v}', install_requires=[])", "a - - Nothing {} false"),
        ("setup(name='a', install_requires='x\\ny')", "a - - Listed([\"x\", \"y\"]) {} false"),
        ("setup(entry_points='''\n[console_scripts]\nRun-it=a:b\n''')", "- - - Nothing {\"Run-it\": \"a:b\"} false"),
        ("setup(name=('long ' 'name'), version='a\\x62')", "long name - - Nothing {} false"),
        ("def setup(name='no'): pass\nsetup(name='yes')", "yes - - Nothing {} false"),
        ("setup(name=A)\nA = A", "- - - Nothing {} false"),
        ("print('no call')", "- - - Nothing {} false"),
    ] {
        assert_eq!(shown(&Setup::read("", text)), expected, "{text}");
    }
}

#[test]
fn setup_cfg_is_read_and_holds_where_both_say_something() {
    let cfg = "[metadata]\nname = gauge\nversion = attr: gauge.__version__\n\n[options]\npackages = find:\n\
               python-requires = >=3.9\ninstall_requires =\n    # why\n    idna>=3\n    six; python_version < '3.9'\n\
               [options.entry_points]\nconsole_scripts =\n    gauge = gauge.cli:main\n";
    assert_eq!(
        shown(&Setup::read(cfg, "setup(name='other', version='2')")),
        "gauge 2 >=3.9 Listed([\"idna>=3\", \"six; python_version < '3.9'\"]) {\"gauge\": \"gauge.cli:main\"} true"
    );
    let file = "[options]\ninstall_requires = file: requirements.txt\n";
    assert_eq!(Setup::read(file, "").requires, Requires::Computed);
    let semicolons = "[options]\ninstall_requires = a; b\n";
    assert_eq!(Setup::read(semicolons, "").requires, Requires::Listed(vec!["a".to_owned(), "b".to_owned()]));
    let project = Setup::read(cfg, "").to_project().expect("valid");
    assert_eq!((project.dependencies.len(), &project.scripts["gauge"][..]), (2, "gauge.cli:main"));
}

proptest! {
    #[test]
    fn any_text_can_be_read(text in "(setup|\\(|\\)|\\[|\\]|\\{|\\}|=|,|:|'|\"|\"\"\"|f'|a|name|install_requires|#|\\\\|\n| |é){0,40}") {
        let _ = Setup::read(&text, &text);
        let _ = plain_arguments(&text);
    }
}
