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
pub(super) fn name_of(user: u32) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_names_where_the_machine_knows_them() {
        let users = "root:x:0:0:root:/root:/bin/sh\n\nbroken\n:x:7:7::/:/bin/sh\nalice:x:1000:1000::/home/alice:\n";
        for (user, expected) in [(0, Some("root")), (1000, Some("alice")), (7, None), (5, None)] {
            assert_eq!(find_name(users, user), expected);
        }
        assert!(name_of(4_294_000_000).starts_with("user 4294000000"));
    }
}
