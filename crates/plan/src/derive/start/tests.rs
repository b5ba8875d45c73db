//! The tables of docs/start.md are those of the code.

use super::framework::{FRAMEWORKS, Interface};
use super::server::Server;
use super::tool::TOOLS;

const DOCS: &str = include_str!("../../../../../docs/start.md");

/// The rows of the table with a heading.
fn table(heading: &str) -> Vec<&'static str> {
    let lines = DOCS.lines().skip_while(|line| !line.starts_with(heading)).skip(2);
    lines.take_while(|line| line.starts_with('|')).collect()
}

#[test]
fn the_docs_have_every_framework() {
    let interface = |interface| match interface {
        Interface::Asgi => "ASGI",
        Interface::Wsgi => "WSGI",
    };
    let row = |it: &super::framework::Framework| {
        format!("| {} | `{}` of `{}` | {} |", it.name, it.maker, it.module, interface(it.interface))
    };
    assert_eq!(table("| framework"), FRAMEWORKS.iter().map(row).collect::<Vec<_>>());
}

#[test]
fn the_docs_have_every_server() {
    let found: Vec<String> = Server::ALL.iter().map(|server| format!("| {} |", server.name())).collect();
    let rows = table("| server");
    assert_eq!(rows.len(), found.len());
    for (row, start) in rows.iter().zip(found) {
        assert!(row.starts_with(&start), "{row}\n{start}");
    }
}

#[test]
fn the_docs_have_every_program() {
    let port = |port: Option<u16>| port.map_or_else(String::new, |port| format!("{port} "));
    let row = |it: &super::tool::Tool| format!("| {} | `{}` | {}|", it.name, it.command.join(" "), port(it.port));
    assert_eq!(table("| program"), TOOLS.iter().map(row).collect::<Vec<_>>());
}
