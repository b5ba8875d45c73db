//! Pages as indexes serve them.

use proptest::prelude::*;

use super::*;

const JSON: &str = "application/vnd.pypi.simple.v1+json";
const URL: &str = "https://index.example.invalid/simple/a-b/";

fn shown(bytes: &str, media_type: &str) -> Result<Vec<String>, String> {
    let page = ProjectPage::parse(bytes.as_bytes(), media_type, URL).map_err(|error| error.to_string())?;
    let line = |file: &IndexFile| {
        let python = file.requires_python.as_ref().map(ToString::to_string).unwrap_or_default();
        let sha256 = file.sha256.map(|digest| digest.hex()[..4].to_owned()).unwrap_or_default();
        format!("{} {} {sha256} {:?} {python}", file.name, file.url, file.size)
    };
    Ok(page.files.iter().map(line).collect())
}

#[test]
fn a_page_in_json_names_its_files() {
    let sha256 = "AB12".repeat(16);
    let text = format!(
        r#"{{"meta": {{"api-version": "1.3", "_last-serial": 1}}, "name": "a-b", "versions": ["1.0"], "files": [
        {{"filename": "a_b-1.0-py3-none-any.whl", "url": "../../files/a_b-1.0-py3-none-any.whl", "size": 7,
          "hashes": {{"md5": "00", "sha256": "{sha256}"}}, "requires-python": ">=3.8", "yanked": "broken"}},
        {{"filename": "a-b-1.0.tar.gz", "url": "https://files.example.invalid/a-b-1.0.tar.gz#sha256={sha256}",
          "hashes": {{}}, "requires-python": ">=3.6.*", "core-metadata": {{"sha256": "00"}}}},
        {{"filename": "stolen.whl", "url": "file:///etc/passwd", "hashes": {{}}}},
        {{"filename": "../a.whl", "url": "a.whl", "hashes": {{}}}}]}}"#
    );
    assert_eq!(
        shown(&text, &format!("{JSON}; charset=utf-8")).unwrap_or_else(|error| panic!("{error}")),
        [
            "a_b-1.0-py3-none-any.whl https://index.example.invalid/files/a_b-1.0-py3-none-any.whl ab12 Some(7) >=3.8",
            "a-b-1.0.tar.gz https://files.example.invalid/a-b-1.0.tar.gz ab12 None ",
        ]
    );
}

#[test]
fn a_page_in_html_names_its_files() {
    let sha256 = "ab12".repeat(16);
    let text = format!(
        "<!DOCTYPE html><html><head><meta name=\"pypi:repository-version\" content=\"1.1\"><title>Links</title></head>\n\
         <BODY><A HREF='../../f/a_b-1.0+cpu-py3-none-any.whl#sha256={sha256}' data-requires-python='&gt;=3.8'\n\
         >a_b</A><br/><a href=a%2Db-1.0.tar.gz#md5=00>x</a><a>none</a><a href=\"mailto:a@example.invalid\">m</a>\
         <!-- <a href=\"hidden.whl\"> --><a href=\"#egg=a\">self</a><a href=\"x.whl#egg=a&amp;sha256={sha256}\">y</a>"
    );
    assert_eq!(
        shown(&text, "text/html; charset=utf-8").unwrap_or_else(|error| panic!("{error}")),
        [
            "a_b-1.0+cpu-py3-none-any.whl https://index.example.invalid/f/a_b-1.0+cpu-py3-none-any.whl ab12 None >=3.8",
            "a-b-1.0.tar.gz https://index.example.invalid/simple/a-b/a%2Db-1.0.tar.gz  None ",
            "x.whl https://index.example.invalid/simple/a-b/x.whl ab12 None ",
        ]
    );
}

#[test]
fn links_are_relative_to_the_base_where_a_page_has_one() {
    let text = "<base href='/packages/'><a href='a-1-py3-none-any.whl'>a</a>";
    let files = shown(text, "text/html").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(files, ["a-1-py3-none-any.whl https://index.example.invalid/packages/a-1-py3-none-any.whl  None "]);
}

#[test]
fn what_is_no_page_is_refused() {
    for (text, media_type, expected) in [
        ("{}", JSON, "it is no page of a package index in JSON"),
        (r#"{"meta": {"api-version": "2.0"}, "files": []}"#, JSON, "version 2.0"),
        ("<meta name='pypi:repository-version' content='2.1'>", "text/html", "version 2.1"),
        ("\u{7f}ELF", "application/octet-stream", "of the type `application/octet-stream`"),
    ] {
        let error = shown(text, media_type).expect_err(expected);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_source_distribution_is_known_by_its_name() {
    for (file, name, version, expected) in [
        ("a_b-1.0.tar.gz", "a-b", "1", true),
        ("a-b-1.0.zip", "a-b", "1.0", true),
        ("A.B-1.0-post1.tar.bz2", "a-b", "1.0.post1", true),
        ("a-b-c-1.0.tar.gz", "a-b", "1.0", false),
        ("a-b-1.0-py3-none-any.whl", "a-b", "1.0", false),
        ("a-b-1.0.exe", "a-b", "1.0", false),
        ("a-b.tar.gz", "a-b", "1.0", false),
    ] {
        let url = url::Url::parse(URL).unwrap_or_else(|error| panic!("{error}"));
        let file = IndexFile::at(&url, file, None, None).expect("a file");
        let (name, version) = (name.parse().expect("valid"), version.parse().expect("valid"));
        assert_eq!(file.is_sdist_of(&name, &version), expected, "{}", file.name);
    }
}

#[test]
fn a_projects_page_is_below_its_index() {
    for index in ["https://index.example.invalid/simple", "https://index.example.invalid/simple/"] {
        assert_eq!(project_url(index, &"A_B".parse().expect("valid")), URL);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_page_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), html in any::<bool>()) {
        let media_type = if html { "text/html" } else { JSON };
        if let Ok(page) = ProjectPage::parse(&bytes, media_type, URL) {
            prop_assert!(page.files.iter().all(|file| file.url.starts_with("http")));
        }
    }

    #[test]
    fn any_tags_are_a_page(text in "(<a |href=|'|\"|>|</a>|#sha256=|<base |<meta |[a-z./:]|&amp;|\n|é){0,40}") {
        let _ = ProjectPage::parse(text.as_bytes(), "text/html", URL);
    }
}
