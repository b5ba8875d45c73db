//! One interpreter process that compiles: its hello, its frames, and its end when it hangs.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use shipwheel_bytecode::PythonVersion;

use super::interpreter_error::InterpreterError;
use super::python::Python;
use crate::confine::sandbox::{self, Sandbox};
use crate::error::BuildError;

/// The definitions of one file, then the loop of the other.
const PROGRAM: &str = concat!(include_str!("statements.py"), include_str!("django.py"), include_str!("worker.py"));

/// What asks for the statements of a source, where a level asks for its bytecode.
const STATEMENTS: u8 = 255;

/// How long one file may take: the slowest real ones take two seconds.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The most bytes that an answer may have.
const MAX_ANSWER: u32 = 256 << 20;

/// What the interpreter reports about itself before it compiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) version: PythonVersion,
    pub(crate) magic_number: [u8; 4],
}

/// A compiled file: the source's hash as CPython computes it, then the marshalled code object.
pub(crate) struct Compiled(Vec<u8>);

impl Compiled {
    /// Takes the bytes that an interpreter answered with; `None` if they are too few.
    pub(crate) fn new(bytes: Vec<u8>) -> Option<Self> {
        (bytes.len() > 8).then_some(Self(bytes))
    }

    /// All of it, as it may be kept.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The source's hash (PEP 552).
    pub(crate) fn source_hash(&self) -> [u8; 8] {
        self.0[..8].try_into().expect("there are more than eight")
    }

    /// The marshalled code object.
    pub(crate) fn code(&self) -> &[u8] {
        &self.0[8..]
    }
}

enum Answer {
    Hello(Vec<String>),
    Frame(u8, Vec<u8>),
}

/// A running interpreter; killed when dropped.
pub(crate) struct Worker {
    child: Child,
    stdin: Option<ChildStdin>,
    answers: Receiver<Answer>,
    pub(crate) hello: Hello,
}

/// Why a file was not compiled.
pub(crate) enum Failure {
    /// The compiler refused it, and said why.
    Refused(String),
    /// The worker died or hung over it; a new one must be started.
    Lost(&'static str),
}

impl Worker {
    /// Starts an interpreter and checks what it says of itself.
    ///
    /// # Errors
    /// When it does not start, or has loaded libraries that are not its own.
    pub(crate) fn start(sandbox: &Sandbox, python: &Python, empty_folder: &Path) -> Result<Self, BuildError> {
        let mut command = sandbox.command(python.confinement(PROGRAM));
        command.current_dir(empty_folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = sandbox::spawn(command).map_err(InterpreterError::Start)?;
        let (sender, answers) = channel();
        let mut stdout = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
        // The thread ends with the process: its pipe closes.
        std::thread::spawn(move || {
            let mut answer = read_hello(&mut stdout);
            while let Some(answered) = answer {
                if sender.send(answered).is_err() {
                    break;
                }
                answer = read_frame(&mut stdout);
            }
        });
        let stdin = child.stdin.take();
        let hello = match answers.recv_timeout(TIME_LIMIT) {
            Ok(Answer::Hello(lines)) => check_hello(python, &lines),
            _ => Err(InterpreterError::NoHello),
        };
        match hello {
            Ok(hello) => Ok(Self { child, stdin, answers, hello }),
            Err(error) => {
                end(&mut child);
                Err(error.into())
            }
        }
    }

    /// Compiles one source; its code objects have no file name yet.
    pub(crate) fn compile(&mut self, source: &[u8], level: u8) -> Result<Compiled, Failure> {
        Compiled::new(self.ask(source, level)?).ok_or(DEAD)
    }

    /// What one source imports and binds, as [`Statements::parse`](shipwheel_python::imports::Statements::parse) reads it.
    pub(crate) fn statements(&mut self, source: &[u8]) -> Result<Vec<u8>, Failure> {
        self.ask(source, STATEMENTS)
    }

    fn ask(&mut self, source: &[u8], level: u8) -> Result<Vec<u8>, Failure> {
        let stdin = self.stdin.as_mut().expect("open until dropped");
        let Some(size) = u32::try_from(source.len()).ok().filter(|size| *size < MAX_ANSWER) else {
            return Err(Failure::Refused("it is too large".to_owned()));
        };
        let mut request = vec![level];
        request.extend_from_slice(&size.to_le_bytes());
        request.extend_from_slice(source);
        if stdin.write_all(&request).and_then(|()| stdin.flush()).is_err() {
            return Err(DEAD);
        }
        match self.answers.recv_timeout(TIME_LIMIT) {
            Ok(Answer::Frame(0, body)) => Ok(body),
            Ok(Answer::Frame(1, body)) => Err(Failure::Refused(String::from_utf8_lossy(&body).into_owned())),
            Err(RecvTimeoutError::Timeout) => Err(Failure::Lost("the interpreter took more than a minute over it")),
            _ => Err(DEAD),
        }
    }
}

const DEAD: Failure = Failure::Lost("the interpreter died over it");

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.stdin.take());
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    sandbox::kill(child);
    let _ = child.wait();
}

/// The lines up to the first empty one.
fn read_hello(stdout: &mut impl BufRead) -> Option<Answer> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        let read = stdout.by_ref().take(1 << 16).read_line(&mut line).ok()?;
        match line.trim_end_matches('\n') {
            _ if read == 0 || lines.len() > 10_000 => return None,
            "" => return Some(Answer::Hello(lines)),
            line => lines.push(line.to_owned()),
        }
    }
}

fn read_frame(stdout: &mut impl Read) -> Option<Answer> {
    let mut header = [0; 5];
    stdout.read_exact(&mut header).ok()?;
    let size = u32::from_le_bytes(header[1..].try_into().expect("four of five"));
    let mut body = vec![0; usize::try_from(size).ok().filter(|_| size <= MAX_ANSWER)?];
    stdout.read_exact(&mut body).ok()?;
    Some(Answer::Frame(header[0], body))
}

/// Checks which interpreter and which libraries really run.
fn check_hello(python: &Python, lines: &[String]) -> Result<Hello, InterpreterError> {
    let first = lines.first().map(String::as_str).unwrap_or_default();
    let parts: Vec<&str> = first.split(' ').collect();
    let parsed = match parts[..] {
        [version, magic, tag] => {
            version.parse::<PythonVersion>().ok().zip(magic_number(magic)).filter(|(v, _)| v.cache_tag() == tag)
        }
        _ => None,
    };
    let (version, magic_number) = parsed.ok_or_else(|| InterpreterError::Hello { said: first.to_owned() })?;
    let foreign = lines[1..].iter().map(PathBuf::from).find(|library| !python.may_load(library));
    match foreign {
        Some(library) => Err(InterpreterError::ForeignLibrary { library }),
        None => Ok(Hello { version, magic_number }),
    }
}

fn magic_number(hex: &str) -> Option<[u8; 4]> {
    let mut bytes = [0; 4];
    hex::decode_to_slice(hex, &mut bytes).ok()?;
    Some(bytes)
}
