//! Users of this machine by their names, and what is for one user alone.

use std::path::Path;

use super::small_file::read_small_text;

/// The permissions of private folders.
pub(crate) const PRIVATE: u32 = 0o700;

/// The variable with folders that the user vouches for, with all below: CI services mount theirs for everybody.
pub const TRUSTED_FOLDERS: &str = "SHIPWHEEL_TRUSTED_FOLDERS";

/// The longest list of users that is searched for a name.
const MAX_PASSWD: u64 = 1 << 20;

/// A user by name and number.
pub fn user_name(user: u32) -> String {
    let users = read_small_text(Path::new("/etc/passwd"), MAX_PASSWD).unwrap_or_default();
    match find_name(&users, user) {
        Some(name) => format!("{name} (user {user})"),
        None => format!("user {user}"),
    }
}

fn find_name(users: &str, user: u32) -> Option<&str> {
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let mut named = fields.filter(|fields| fields.get(2).and_then(|number| number.parse().ok()) == Some(user));
    named.find_map(|fields| fields.first().copied()).filter(|name| !name.is_empty())
}

/// Whether a group has nobody in it but a user.
///
/// Some distributions give each user a group, others one for all. A group that the machine's files do not know is a
/// user's own if it has the user's number, as such groups have.
pub(super) fn is_private_group(group: u32, user: u32) -> bool {
    let read = |path| read_small_text(Path::new(path), MAX_PASSWD).unwrap_or_default();
    has_one_member(&read("/etc/passwd"), &read("/etc/group"), group, user)
}

fn has_one_member(users: &str, groups: &str, group: u32, user: u32) -> bool {
    let number = |line: &str, at: usize| line.split(':').nth(at).and_then(|number| number.parse::<u32>().ok());
    let is_anothers = |line: &&str| number(line, 3) == Some(group) && number(line, 2) != Some(user);
    if users.lines().any(|line| is_anothers(&line)) {
        return false;
    }
    let mut entries = groups.lines().filter(|line| number(line, 2) == Some(group)).peekable();
    if entries.peek().is_none() {
        return group == user;
    }
    let name = find_name(users, user);
    let mut members = entries.flat_map(|line| line.split(':').nth(3).unwrap_or_default().split(','));
    members.all(|member| member.trim().is_empty() || Some(member.trim()) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_private_if_nobody_else_is_in_it() {
        let users = "root:x:0:0::/root:\nalice:x:1000:1001::/home/alice:\nbob:x:1002:100::/:\neve:x:1003:100::/:\n";
        let groups = "users:x:100:\nalice:x:1001:alice\nshared:x:1005:alice,bob\nempty:x:1006:\nalice:x:1007:\nmore:x:1007:eve\n";
        for (group, user, expected) in [
            (1001, 1000, true),
            (1006, 1000, true),
            (100, 1002, false),
            (1005, 1000, false),
            (1007, 1000, false),
            (1001, 1002, false),
            // Unknown to the files.
            (5000, 5000, true),
            (5000, 1000, false),
        ] {
            assert_eq!(has_one_member(users, groups, group, user), expected, "{group} {user}");
        }
        assert!(has_one_member("", "", 1000, 1000) && !has_one_member("", "", 100, 1000));
    }

    #[test]
    fn users_have_names_where_the_machine_knows_them() {
        let users = "root:x:0:0:root:/root:/bin/sh\n\nbroken\n:x:7:7::/:/bin/sh\nalice:x:1000:1000::/home/alice:\n";
        for (user, expected) in [(0, Some("root")), (1000, Some("alice")), (7, None), (5, None)] {
            assert_eq!(find_name(users, user), expected);
        }
        assert!(user_name(4_294_000_000).starts_with("user 4294000000"));
    }
}
