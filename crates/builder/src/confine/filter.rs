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
use super::confinement::Purpose;

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

/// For an image's own program: writing where it may, timers, and what a program that starts asks of the kernel besides.
///
/// Landlock does not decide about times, modes, owners and attributes of files that are named by a path, so none of
/// the calls that set them is here.
const ALLOWED_TO_START: &[c_long] = &[
    libc::SYS_fallocate,
    libc::SYS_fchmod,
    libc::SYS_fdatasync,
    libc::SYS_flock,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_copy_file_range,
    libc::SYS_linkat,
    libc::SYS_mkdirat,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_preadv2,
    libc::SYS_pwritev2,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_sendfile,
    libc::SYS_symlinkat,
    libc::SYS_unlinkat,
    libc::SYS_fgetxattr,
    libc::SYS_flistxattr,
    libc::SYS_getxattr,
    libc::SYS_lgetxattr,
    libc::SYS_listxattr,
    libc::SYS_llistxattr,
    libc::SYS_close_range,
    libc::SYS_get_mempolicy,
    libc::SYS_memfd_create,
    libc::SYS_mincore,
    libc::SYS_mlock,
    libc::SYS_munlock,
    libc::SYS_getpriority,
    libc::SYS_sched_getparam,
    libc::SYS_sched_get_priority_max,
    libc::SYS_sched_get_priority_min,
    libc::SYS_sched_getscheduler,
    libc::SYS_signalfd4,
    libc::SYS_timer_create,
    libc::SYS_timer_delete,
    libc::SYS_timer_getoverrun,
    libc::SYS_timer_gettime,
    libc::SYS_timer_settime,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_gettime,
    libc::SYS_timerfd_settime,
    // Of pairs of sockets: others cannot be made.
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
];

/// For one with a root and namespaces: there, signals, names, sockets and sessions reach only its own.
const ALLOWED_IN_ROOT: &[c_long] = &[
    libc::SYS_fchmodat,
    libc::SYS_truncate,
    libc::SYS_utimensat,
    libc::SYS_inotify_add_watch,
    libc::SYS_inotify_init1,
    libc::SYS_inotify_rm_watch,
    libc::SYS_kill,
    libc::SYS_tgkill,
    libc::SYS_tkill,
    libc::SYS_sched_setaffinity,
    libc::SYS_setpgid,
    libc::SYS_setpriority,
    libc::SYS_setsid,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_listen,
];

/// The older forms of those two lists.
#[cfg(target_arch = "x86_64")]
const ALLOWED_TO_START_BESIDES: &[c_long] = &[
    libc::SYS_creat,
    libc::SYS_fork,
    libc::SYS_link,
    libc::SYS_mkdir,
    libc::SYS_rename,
    libc::SYS_rmdir,
    libc::SYS_symlink,
    libc::SYS_unlink,
    libc::SYS_vfork,
];
#[cfg(target_arch = "x86_64")]
const ALLOWED_IN_ROOT_BESIDES: &[c_long] = &[libc::SYS_chmod, libc::SYS_utimes];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_TO_START_BESIDES: &[c_long] = &[];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_IN_ROOT_BESIDES: &[c_long] = &[];

/// Families of sockets for a program in a network of its own: not those that configure networks.
const SOCKETS_IN_ROOT: &[libc::c_int] = &[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6];

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

/// The same for an image's own program: file locks, and sizes of pipes.
const FCNTL_TO_START: &[libc::c_int] = &[
    libc::F_GETLK,
    libc::F_SETLK,
    libc::F_SETLKW,
    libc::F_OFD_GETLK,
    libc::F_OFD_SETLK,
    libc::F_OFD_SETLKW,
    libc::F_SETPIPE_SZ,
    libc::F_ADD_SEALS,
    libc::F_GET_SEALS,
];

/// Requests of `ioctl`: what a C library asks of a file that it opened.
const IOCTL: &[u64] = &[TCGETS, TIOCGWINSZ, FIONREAD, FIONCLEX, FIOCLEX, FIONBIO];

// The same on all architectures that shipwheel runs on; their type in `libc` is not.
const TCGETS: u64 = 0x5401;
const TIOCGWINSZ: u64 = 0x5413;
const FIONREAD: u64 = 0x541b;
const FIONBIO: u64 = 0x5421;
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

/// The bits of a socket's type that are not flags (`SOCK_TYPE_MASK` of the kernel).
const SOCKET_TYPES: u64 = 0xf;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Applies the filter to this process, and to all that it starts or becomes.
///
/// # Errors
/// When the kernel refuses it.
pub(crate) fn apply(purpose: &Purpose) -> Result<(), ConfineError> {
    let program = program(purpose).map_err(|error| ConfineError::Filter(error.into()))?;
    seccompiler::apply_filter(&program).map_err(ConfineError::Filter)
}

/// What the first process of a container has used when it gets here, and nothing in it needs: whoever makes a user
/// namespace of its own would have all of it again. With it goes what reaches the kernel itself.
const DENIED_IN_CONTAINER: &[c_long] = &[
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_delete_module,
    libc::SYS_finit_module,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_perf_event_open,
    libc::SYS_quotactl,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_userfaultfd,
    libc::SYS_vhangup,
];

/// Namespaces that no process of a container makes.
const NEW_NAMESPACES: [libc::c_int; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];

/// Takes from this process, and from all that it starts or becomes, the calls that no program of a container needs.
/// A kernel without filters has namespaces alone.
///
/// # Errors
/// When the kernel refuses them.
pub(crate) fn apply_to_container() -> Result<(), ConfineError> {
    if !super::kernel::Kernel::ask().seccomp {
        return Ok(());
    }
    let programs = container_programs().map_err(|error| ConfineError::Filter(error.into()))?;
    programs.iter().try_for_each(|program| seccompiler::apply_filter(program).map_err(ConfineError::Filter))
}

/// What is denied answers `EPERM`; `clone3`, whose flags no filter can see, is not there, after which C libraries take
/// `clone`.
fn container_programs() -> Result<[BpfProgram; 2], seccompiler::BackendError> {
    let mut denied: Rules = DENIED_IN_CONTAINER.iter().map(|number| (*number, Vec::new())).collect();
    let of_namespace = |flag: libc::c_int| {
        let flag = u64::from(flag.cast_unsigned());
        rule(0, SeccompCmpOp::MaskedEq(flag), flag)
    };
    denied.insert(libc::SYS_clone, NEW_NAMESPACES.into_iter().map(of_namespace).collect::<Result<_, _>>()?);
    let missing = Rules::from([(libc::SYS_clone3, Vec::new())]);
    let program = |rules: Rules, code: libc::c_int| {
        let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
        let answer = SeccompAction::Errno(code.unsigned_abs());
        SeccompFilter::new(rules, SeccompAction::Allow, answer, architecture)?.try_into()
    };
    Ok([program(missing, libc::ENOSYS)?, program(denied, libc::EPERM)?])
}

fn program(purpose: &Purpose) -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules = Rules::new();
    allow(&mut rules, [ALLOWED, ALLOWED_BESIDES]);
    let own = u64::from(std::process::id());
    allow_where(&mut rules, libc::SYS_fcntl, 1, &values(FCNTL))?;
    allow_where(&mut rules, libc::SYS_ioctl, 1, IOCTL)?;
    allow_where(&mut rules, libc::SYS_prctl, 0, &values(PRCTL))?;
    // Only about itself: signals, and limits, which nobody can raise again.
    allow_where(&mut rules, libc::SYS_kill, 0, &[own])?;
    allow_where(&mut rules, libc::SYS_tgkill, 0, &[own])?;
    allow_where(&mut rules, libc::SYS_prlimit64, 0, &[0, own])?;
    let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
    rules.insert(libc::SYS_clone, vec![rule(0, SeccompCmpOp::MaskedEq(thread), thread)?]);
    match purpose {
        Purpose::Compile => {}
        Purpose::Start => allow_start(&mut rules)?,
        Purpose::StartInRoot(_) => {
            allow_start(&mut rules)?;
            allow_in_root(&mut rules)?;
        }
    }
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    let missing = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    SeccompFilter::new(rules, missing, SeccompAction::Allow, architecture)?.try_into()
}

/// Allows what an image's own program does when it starts: processes that cannot leave its process group, too.
fn allow_start(rules: &mut Rules) -> Result<(), seccompiler::BackendError> {
    allow(rules, [ALLOWED_TO_START, ALLOWED_TO_START_BESIDES]);
    let fcntl = [FCNTL, FCNTL_TO_START].concat();
    allow_where(rules, libc::SYS_fcntl, 1, &values(&fcntl))?;
    let no_namespaces = rule(0, SeccompCmpOp::MaskedEq(u64::from(NO_CLONE.cast_unsigned())), 0)?;
    rules.entry(libc::SYS_clone).or_default().push(no_namespaces);
    // Connected ones, which cannot be sent elsewhere, as those of datagrams can.
    let (local, stream) = (u64::from(libc::AF_UNIX.unsigned_abs()), u64::from(libc::SOCK_STREAM.unsigned_abs()));
    let pair = SeccompRule::new(vec![
        condition(0, SeccompCmpOp::Eq, local)?,
        condition(1, SeccompCmpOp::MaskedEq(SOCKET_TYPES), stream)?,
    ])?;
    rules.insert(libc::SYS_socketpair, vec![pair]);
    Ok(())
}

/// Allows what reaches nothing but its own in a root and namespaces.
fn allow_in_root(rules: &mut Rules) -> Result<(), seccompiler::BackendError> {
    allow(rules, [ALLOWED_IN_ROOT, ALLOWED_IN_ROOT_BESIDES]);
    allow_where(rules, libc::SYS_socket, 0, &values(SOCKETS_IN_ROOT))?;
    allow_where(rules, libc::SYS_socketpair, 0, &values(&[libc::AF_UNIX]))
}

/// Allows calls with any arguments.
fn allow(rules: &mut Rules, lists: [&[c_long]; 2]) {
    rules.extend(lists.concat().into_iter().map(|number| (number, Vec::new())));
}

fn values(list: &[libc::c_int]) -> Vec<u64> {
    list.iter().map(|value| u64::from(value.unsigned_abs())).collect()
}

/// Allows a call where one of its arguments has one of some values.
fn allow_where(rules: &mut Rules, call: c_long, argument: u8, values: &[u64]) -> Result<(), seccompiler::BackendError> {
    let of_value = |value: &u64| rule(argument, SeccompCmpOp::Eq, *value);
    rules.insert(call, values.iter().map(of_value).collect::<Result<_, _>>()?);
    Ok(())
}

fn rule(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![condition(argument, operator, value)?])
}

/// The kernel looks at 32 bits of these arguments, too.
fn condition(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)
}
