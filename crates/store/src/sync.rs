//! Mutexes that survive a panic, and work on a few threads at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Result, StoreError};

/// Locks a mutex, also after a panic of another thread: what the mutexes of this crate guard is whole at any time.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the value out of a mutex, as [`lock`] does.
pub(crate) fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a job for each item on a few threads; after an error no further item begins.
///
/// The results are in the order of the items, and the error is the first in that order.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    concurrency: usize,
    job: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let work = || {
        while !failed.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(number) else { break };
            let result = job(item);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            lock(&results).push((number, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..concurrency.clamp(1, items.len().max(1)) {
            scope.spawn(work);
        }
    });
    let mut results = into_inner(results);
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Runs a job for each item on a few threads, as [`in_parallel`] does, but goes on where something is gone or is another
/// than was promised: all of these are one error.
pub(crate) fn in_parallel_to_the_end<T: Sync>(
    items: &[T],
    concurrency: usize,
    job: impl Fn(&T) -> Result<()> + Sync,
) -> Result<()> {
    let done = in_parallel(items, concurrency, |item| match job(item) {
        Err(error) if error.is_final() => Ok(Some(error)),
        done => done.map(|()| None),
    });
    StoreError::several(done?.into_iter().flatten().collect()).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn status(status: u16) -> StoreError {
        let url = format!("https://files.example/{status}");
        StoreError::Status { method: "GET", url, status, detail: String::new(), retry_after: None }
    }

    #[test]
    fn what_is_gone_is_told_of_all_and_anything_else_ends_it() {
        let run = |items: &[u16]| {
            in_parallel_to_the_end(items, 2, |item| if *item == 200 { Ok(()) } else { Err(status(*item)) })
        };
        run(&[200, 200]).unwrap();
        let one = run(&[200, 404, 200]).unwrap_err();
        assert!(matches!(one, StoreError::Status { status: 404, .. }), "{one}");
        let all = run(&[404, 200, 410]).unwrap_err();
        let lines: Vec<String> = all.to_string().lines().map(str::to_owned).collect();
        let gone = |status: u16| format!("  GET https://files.example/{status}: status {status}");
        assert_eq!(lines, ["2 files cannot be had:".to_owned(), gone(404), gone(410)]);
        assert_eq!((all.kind(), all.each().len()), (ErrorKind::Configuration, 2));
        assert!(matches!(run(&[404, 401, 404]).unwrap_err(), StoreError::Status { status: 401, .. }));
    }
}
