//! The system calls that a confined program may make; all others do not exist for it.
//!
//! A list of what is allowed, not of what is not: calls that a newer kernel adds, and the other numbers of the same
//! calls (x32), are not on it. What is not allowed answers `ENOSYS`, after which C libraries take an older way.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

use super::confine_error::ConfineError;

/// Allowed with any arguments: memory, reading, waiting, signals of its own, and questions about itself.
const ALLOWED: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_msync,
    libc::SYS_munmap,
    libc::SYS_membarrier,
    libc::SYS_close,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fadvise64,
    libc::SYS_fstat,
    libc::SYS_fstatfs,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_lseek,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_pipe2,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_read,
    libc::SYS_readlinkat,
    libc::SYS_readv,
    libc::SYS_statfs,
    libc::SYS_statx,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_chdir,
    libc::SYS_fchdir,
    libc::SYS_umask,
    libc::SYS_execve,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_get_robust_list,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigpending,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigsuspend,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_sigaltstack,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_eventfd2,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_getitimer,
    libc::SYS_gettimeofday,
    libc::SYS_nanosleep,
    libc::SYS_setitimer,
    libc::SYS_times,
    libc::SYS_capget,
    libc::SYS_getcpu,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getgroups,
    libc::SYS_getpgid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getrandom,
    libc::SYS_getresgid,
    libc::SYS_getresuid,
    libc::SYS_getrusage,
    libc::SYS_getsid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    libc::SYS_wait4,
    libc::SYS_waitid,
];

/// The older forms of some of them, which only x86-64 has.
#[cfg(target_arch = "x86_64")]
const ALLOWED_BESIDES: &[c_long] = &[
    libc::SYS_access,
    libc::SYS_alarm,
    libc::SYS_arch_prctl,
    libc::SYS_dup2,
    libc::SYS_epoll_create,
    libc::SYS_epoll_wait,
    libc::SYS_getpgrp,
    libc::SYS_getrlimit,
    libc::SYS_lstat,
    libc::SYS_open,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_readlink,
    libc::SYS_select,
    libc::SYS_stat,
    libc::SYS_time,
];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_BESIDES: &[c_long] = &[];

/// Commands of `fcntl`: none that makes the kernel send signals (`F_SETOWN`), leases, or locks.
const FCNTL: &[libc::c_int] = &[
    libc::F_DUPFD,
    libc::F_DUPFD_CLOEXEC,
    libc::F_GETFD,
    libc::F_SETFD,
    libc::F_GETFL,
    libc::F_SETFL,
    libc::F_GETPIPE_SZ,
];

/// Requests of `ioctl`: what a C library asks of a file that it opened.
const IOCTL: &[u64] = &[TCGETS, TIOCGWINSZ, FIONREAD, FIONCLEX, FIOCLEX];

// The same on all architectures that shipwheel runs on; their type in `libc` is not.
const TCGETS: u64 = 0x5401;
const TIOCGWINSZ: u64 = 0x5413;
const FIONREAD: u64 = 0x541b;
const FIONCLEX: u64 = 0x5450;
const FIOCLEX: u64 = 0x5451;

/// Options of `prctl`: names of threads and of memory.
const PRCTL: &[libc::c_int] = &[libc::PR_SET_NAME, libc::PR_GET_NAME, libc::PR_SET_VMA, libc::PR_GET_DUMPABLE];

/// What a new process must not have: a namespace of its own, or another parent than who started it.
const NO_CLONE: libc::c_int = libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_PARENT
    | libc::CLONE_UNTRACED;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Applies the filter to this process, and to all that it starts or becomes.
///
/// # Errors
/// When the kernel refuses it.
pub(crate) fn apply(processes: bool) -> Result<(), ConfineError> {
    let program = program(processes).map_err(|error| ConfineError::Filter(error.into()))?;
    seccompiler::apply_filter(&program).map_err(ConfineError::Filter)
}

fn program(processes: bool) -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: Rules = ALLOWED.iter().chain(ALLOWED_BESIDES).map(|number| (*number, Vec::new())).collect();
    let own = u64::from(std::process::id());
    let values = |list: &[libc::c_int]| list.iter().map(|value| u64::from(value.unsigned_abs())).collect::<Vec<_>>();
    allow_where(&mut rules, libc::SYS_fcntl, 1, &values(FCNTL))?;
    allow_where(&mut rules, libc::SYS_ioctl, 1, IOCTL)?;
    allow_where(&mut rules, libc::SYS_prctl, 0, &values(PRCTL))?;
    // Only about itself: signals, and limits, which nobody can raise again.
    allow_where(&mut rules, libc::SYS_kill, 0, &[own])?;
    allow_where(&mut rules, libc::SYS_tgkill, 0, &[own])?;
    allow_where(&mut rules, libc::SYS_prlimit64, 0, &[0, own])?;
    let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
    let mut clone = vec![rule(0, SeccompCmpOp::MaskedEq(thread), thread)?];
    if processes {
        clone.push(rule(0, SeccompCmpOp::MaskedEq(u64::from(NO_CLONE.cast_unsigned())), 0)?);
        #[cfg(target_arch = "x86_64")]
        rules.extend([(libc::SYS_fork, Vec::new()), (libc::SYS_vfork, Vec::new())]);
        let local = u64::from(libc::AF_UNIX.unsigned_abs());
        rules.insert(libc::SYS_socketpair, vec![rule(0, SeccompCmpOp::Eq, local)?]);
    }
    rules.insert(libc::SYS_clone, clone);
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    let missing = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    SeccompFilter::new(rules, missing, SeccompAction::Allow, architecture)?.try_into()
}

/// Allows a call where one of its arguments has one of some values.
fn allow_where(rules: &mut Rules, call: c_long, argument: u8, values: &[u64]) -> Result<(), seccompiler::BackendError> {
    let of_value = |value: &u64| rule(argument, SeccompCmpOp::Eq, *value);
    rules.insert(call, values.iter().map(of_value).collect::<Result<_, _>>()?);
    Ok(())
}

fn rule(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    // The kernel looks at 32 bits of these arguments, too.
    SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?])
}
