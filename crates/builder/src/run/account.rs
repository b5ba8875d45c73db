//! The user that an image runs as: names and numbers, by the image's own lists of accounts.

use crate::confine::run_error::RunError;

/// A user of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) user: u32,
    pub(crate) group: u32,
    /// Further groups that have the user as a member, sorted.
    pub(crate) groups: Vec<u32>,
    /// The home of the user, if the image says it.
    pub(crate) home: Option<String>,
}

/// What an image's `/etc/passwd` and `/etc/group` hold; empty where it has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Accounts {
    pub(crate) passwd: String,
    pub(crate) group: String,
}

/// A line of `/etc/passwd`.
struct User<'a> {
    name: &'a str,
    user: u32,
    group: u32,
    home: &'a str,
}

impl Accounts {
    /// The account of `USER` or `USER:GROUP`, each a name or a number; root for none.
    ///
    /// # Errors
    /// When a name is in neither list.
    pub(crate) fn find(&self, wanted: Option<&str>) -> Result<Account, RunError> {
        let wanted = wanted.unwrap_or("0");
        let unknown = |reason: String| RunError::UnknownUser { user: wanted.to_owned(), reason };
        let (user, group) = wanted.split_once(':').map_or((wanted, None), |(user, group)| (user, Some(group)));
        let named = self.users().find(|known| known.name == user);
        let number = user.parse::<u32>().ok().filter(|number| *number != u32::MAX);
        let known = named.or_else(|| self.users().find(|known| Some(known.user) == number));
        let id = known.as_ref().map(|known| known.user).or(number);
        let id = id.ok_or_else(|| unknown(format!("its /etc/passwd does not have `{user}`")))?;
        let group = match group.filter(|group| !group.is_empty()) {
            None => known.as_ref().map_or(0, |known| known.group),
            Some(group) => {
                let named = self.groups().find(|(name, ..)| *name == group).map(|(_, number, _)| number);
                let number = named.or_else(|| group.parse().ok().filter(|number| *number != u32::MAX));
                number.ok_or_else(|| unknown(format!("its /etc/group does not have `{group}`")))?
            }
        };
        let name = known.as_ref().map_or("", |known| known.name);
        let is_member = |members: &str| !name.is_empty() && members.split(',').any(|member| member == name);
        let mut groups: Vec<u32> =
            self.groups().filter(|(.., members)| is_member(members)).map(|(_, number, _)| number).collect();
        groups.sort_unstable();
        groups.dedup();
        let home = known.map(|known| known.home.to_owned()).filter(|home| home.starts_with('/'));
        Ok(Account { user: id, group, groups, home })
    }

    fn users(&self) -> impl Iterator<Item = User<'_>> {
        self.passwd.lines().filter_map(|line| {
            let mut fields = line.split(':');
            let (name, _password) = (fields.next()?, fields.next()?);
            let (user, group) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            Some(User { name, user, group, home: fields.nth(1).unwrap_or_default() })
        })
    }

    fn groups(&self) -> impl Iterator<Item = (&str, u32, &str)> {
        self.group.lines().filter_map(|line| {
            let mut fields = line.split(':');
            let (name, _password) = (fields.next()?, fields.next()?);
            Some((name, fields.next()?.parse().ok()?, fields.next().unwrap_or_default()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_name_and_number_and_may_have_another_group() {
        let accounts = Accounts {
            passwd: "root:x:0:0:root:/root:/bin/sh\nbroken\napp:x:1000:1001::/home/app:/bin/sh\n7:x:70:70::relative:\n"
                .to_owned(),
            group: "root:x:0:\nstaff:x:50:app,other\napp:x:1001:\nwide:x:49:app\n".to_owned(),
        };
        let account = |user, group, groups: &[u32], home: Option<&str>| {
            Some(Account { user, group, groups: groups.to_vec(), home: home.map(str::to_owned) })
        };
        for (wanted, expected) in [
            (None, account(0, 0, &[], Some("/root"))),
            (Some("app"), account(1000, 1001, &[49, 50], Some("/home/app"))),
            (Some("1000"), account(1000, 1001, &[49, 50], Some("/home/app"))),
            (Some("1000:0"), account(1000, 0, &[49, 50], Some("/home/app"))),
            (Some("app:staff"), account(1000, 50, &[49, 50], Some("/home/app"))),
            (Some("65532"), account(65532, 0, &[], None)),
            (Some("65532:65532"), account(65532, 65532, &[], None)),
            // A name goes before the number that it looks like.
            (Some("7"), account(70, 70, &[], None)),
            (Some("nobody"), None),
            (Some("app:nogroup"), None),
            (Some("-1"), None),
            (Some("4294967295"), None),
            (Some("4294967296"), None),
        ] {
            assert_eq!(accounts.find(wanted).ok(), expected, "{wanted:?}");
        }
        assert_eq!(Accounts::default().find(None).ok(), account(0, 0, &[], None));
    }
}
