//! What a shell makes of texts, and what needs none.

use super::reader::MAX_COMMANDS;
use super::*;

fn shown(text: &str) -> Vec<String> {
    let environment = [("PY", "python3"), ("OPTS", "-O -X a"), ("EMPTY", "")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let arguments = ["run.sh", "app", "two words"].map(str::to_owned).to_vec();
    let word = |word: &Word| if word.is_unknown { format!("?{}", word.text) } else { word.text.clone() };
    let commands = commands(text, Surroundings { environment, arguments });
    commands.iter().map(|it| it.words.iter().map(word).collect::<Vec<_>>().join("|")).collect()
}

#[test]
fn words_are_what_a_shell_makes_of_them() {
    for (text, expected) in [
        ("exec python -O app.py", &["exec|python|-O|app.py"][..]),
        ("a 'b  c' \"d $PY\" e\\ f", &["a|b  c|d python3|e f"]),
        ("$PY $OPTS \"$OPTS\" x$EMPTY $EMPTY \"\"", &["python3|-O|-X|a|-O -X a|x|"]),
        ("exec \"$@\"", &["exec|app|two words"]),
        ("exec $@ $0 $1 ${2}", &["exec|app|two|words|run.sh|app|two|words"]),
        ("${PY:-python} ${NONE:-python -O} ${NONE-x} ${PY:+y}", &["python3|python|-O|x|y"]),
        ("a; b && c || d | e & f\n(g)", &["a", "b", "c", "d", "e", "f", "g"]),
        ("if a; then b; else c; fi", &["a", "b", "c"]),
        ("while true; do python -O x; done", &["true", "python|-O|x"]),
        ("case $1 in web) python -O x ;; esac", &["case|app|in|web", "python|-O|x"]),
        ("a # b\nc #d\n#e\nf", &["a", "c", "f"]),
        ("a > out 2>&1 < in b", &["a|b"]),
        ("python - <<EOF\nexec python -O\nEOF\nb", &["python|-", "b"]),
        ("x $(python -O y) `z`", &["x|?|?", "python|-O|y", "z"]),
        ("a \"b$(c)d\"", &["a|?bd", "c"]),
        ("eval \"python -O x\"", &["python|-O|x"]),
        ("trap 'python -O x' EXIT", &["python|-O|x|EXIT"]),
        ("set -- python -O \"$@\"", &["python|-O|app|two words"]),
        (
            "'''exec' /opt/venv/bin/python \"$0\" \"$@\"\n' '''\n",
            &["exec|/opt/venv/bin/python|run.sh|app|two words", " "],
        ),
        ("a\\\nb c", &["ab|c"]),
        ("P=-O; python $P", &["python|-O"]),
        ("a 'b", &["a|b"]),
        ("", &[]),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn variables_are_set_for_one_command_or_for_all_that_follow() {
    let environment = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
    let text = "B=2 one; two; export C=\"3 4\"; D=5; three; unset A; four";
    let commands = commands(text, Surroundings { environment, arguments: Vec::new() });
    let shown: Vec<String> = commands
        .iter()
        .map(|it| {
            let pairs: Vec<String> = it.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{}: {}", it.words[0].text, pairs.join(","))
        })
        .collect();
    assert_eq!(shown, ["one: A=1,B=2", "two: A=1", "three: A=1,C=3 4,D=5", "four: C=3 4,D=5"]);
}

#[test]
fn a_command_that_needs_no_shell_is_its_words() {
    for (text, expected) in [
        ("python app.py", Some("python|app.py")),
        (" exec gunicorn 'a b' \"c\\\"d\" e\\ f", Some("gunicorn|a b|c\"d|e f")),
        ("gunicorn 'app:create()' --bind=0.0.0.0:80", Some("gunicorn|app:create()|--bind=0.0.0.0:80")),
        ("a && b", None),
        ("a $PORT", None),
        ("a \"$PORT\"", None),
        ("a '$PORT'", Some("a|$PORT")),
        ("A=1 b", None),
        ("a *.py", None),
        ("cd /app", None),
        ("a 'b", None),
        ("exec", None),
        ("", None),
    ] {
        let expected = expected.map(|words| words.split('|').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(plain_words(text), expected, "{text}");
    }
}

#[test]
fn texts_without_an_end_end() {
    for text in ["\"", "$(", "${", "`", "<<", "<<EOF\n", "$", "\\", ">", "a=(", "$((1+1))", "#"] {
        assert!(commands(text, Surroundings { environment: BTreeMap::new(), arguments: Vec::new() }).len() < 3);
    }
    let loops = format!("{}{}", "eval ".repeat(10_000), "x");
    assert!(commands(&loops, Surroundings { environment: BTreeMap::new(), arguments: Vec::new() }).len() <= 1);
    let many = "a;".repeat(MAX_COMMANDS * 2);
    let found = commands(&many, Surroundings { environment: BTreeMap::new(), arguments: Vec::new() });
    assert!(found.len() <= MAX_COMMANDS + 1);
}
