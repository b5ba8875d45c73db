//! Privileges: another user, and none of root's.

use rustix::process::DumpableBehavior;
use rustix::thread::{CapabilitiesSecureBits, CapabilitySet, CapabilitySets, Gid, Uid};

use super::confine_error::{ConfineError, step};

/// Root's number gives no privilege, neither when programs start nor when users change; `KEEP_CAPS` stays off.
const NO_ROOT: CapabilitiesSecureBits = CapabilitiesSecureBits::NO_ROOT
    .union(CapabilitiesSecureBits::NO_ROOT_LOCKED)
    .union(CapabilitiesSecureBits::NO_SETUID_FIXUP)
    .union(CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED)
    .union(CapabilitiesSecureBits::KEEP_CAPS_LOCKED)
    .union(CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE)
    .union(CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED);

/// Becomes a user, and a member of some groups alone. This process has one thread, so the thread is the process.
///
/// # Errors
/// When this process is not root, or its user namespace lacks the user.
pub(crate) fn become_user(user: u32, group: u32, groups: &[u32]) -> Result<(), ConfineError> {
    let (uid, gid) = (Uid::from_raw(user), Gid::from_raw(group));
    let groups: Vec<Gid> = groups.iter().map(|group| Gid::from_raw(*group)).collect();
    rustix::thread::set_thread_groups(&groups).map_err(step("leaving groups"))?;
    rustix::thread::set_thread_res_gid(gid, gid, gid).map_err(step("becoming another group"))?;
    rustix::thread::set_thread_res_uid(uid, uid, uid).map_err(step("becoming another user"))?;
    // Else its files in /proc, where the map of its namespace is written, belong to root.
    rustix::process::set_dumpable_behavior(DumpableBehavior::Dumpable).map_err(step("owning itself"))
}

/// What root of a container keeps, as Docker has it: over its own files and processes, and nothing of the kernel's.
const OF_CONTAINER: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::SETPCAP)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::SYS_CHROOT)
    .union(CapabilitySet::AUDIT_WRITE)
    .union(CapabilitySet::SETFCAP);

/// Gives up all capabilities but those that root of a container has, over its own user namespace alone.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn give_up_all_but_containers() -> Result<(), ConfineError> {
    rustix::thread::set_no_new_privs(true).map_err(step("giving up privileges"))?;
    for capability in (0..u64::BITS).map(|bit| CapabilitySet::from_bits_retain(1 << bit)) {
        let is_there = rustix::thread::capability_is_in_bounding_set(capability).is_ok_and(|bounding| bounding);
        if is_there && !OF_CONTAINER.contains(capability) {
            rustix::thread::remove_capability_from_bounding_set(capability).map_err(step("dropping capabilities"))?;
        }
    }
    let own = rustix::thread::capabilities(None).map_err(step("asking for capabilities"))?;
    let keep = own.permitted & OF_CONTAINER;
    let sets = CapabilitySets { effective: keep, permitted: keep, inheritable: CapabilitySet::empty() };
    rustix::thread::set_capabilities(None, sets).map_err(step("dropping capabilities"))
}

/// Gives up all capabilities, and all ways to get one.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn give_up() -> Result<(), ConfineError> {
    rustix::thread::set_no_new_privs(true).map_err(step("giving up privileges"))?;
    let own = rustix::thread::capabilities(None).map_err(step("asking for capabilities"))?;
    // Who may not change these has no privilege that they could give back: no_new_privs sees to it.
    if own.effective.contains(CapabilitySet::SETPCAP) {
        // Root is a user like others, for ever.
        rustix::thread::set_capabilities_secure_bits(NO_ROOT).map_err(step("securing capabilities"))?;
        for capability in (0..u64::BITS).map(|bit| CapabilitySet::from_bits_retain(1 << bit)) {
            if rustix::thread::capability_is_in_bounding_set(capability).is_ok_and(|bounding| bounding) {
                rustix::thread::remove_capability_from_bounding_set(capability)
                    .map_err(step("dropping capabilities"))?;
            }
        }
    }
    let (none, error) = (CapabilitySet::empty(), step("dropping capabilities"));
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    // The ambient ones go with the inheritable ones.
    rustix::thread::set_capabilities(None, sets).map_err(error)
}
