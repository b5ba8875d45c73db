//! Errors of layers that cannot be written.

use super::*;

#[test]
fn every_error_of_a_layer() {
    let content = || ContentError::Digest { expected: digest(), found: Digest::of(b"y") };
    let read = || ContentError::Read { source_name: outside(), cause: io(io::ErrorKind::NotFound) };
    let write = |cause| LayerError::Write { title: outside(), cause }.into();
    let file = || TreePath::new("/app/x").expect("valid");
    check([
        (write(WriteError::Write(io(io::ErrorKind::StorageFull))), Output, NO_HINT),
        (write(WriteError::Content { path: file(), cause: content() }), Verification, NO_HINT),
        (write(WriteError::Content { path: file(), cause: read() }), Configuration, NO_HINT),
        (write(WriteError::Reserved { path: file() }), Configuration, NO_HINT),
        (write(WriteError::Unnamed { path: file() }), Configuration, NO_HINT),
        (TreeError::Conflict { path: file() }.into(), Internal, NO_HINT),
        (content().into(), Verification, NO_HINT),
        (read().into(), Configuration, NO_HINT),
        (ContentError::Deflated { source_name: outside() }.into(), Configuration, NO_HINT),
    ]);
}
