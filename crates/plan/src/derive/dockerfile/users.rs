//! Users: names become numbers, because an image has no accounts but root's.

use crate::dockerfile::ImageConfig;

use super::draft::{Draft, Owner, Step};

/// Accounts of every base, and those of images that people start from.
const KNOWN: [(&str, Owner); 6] = [
    ("root", owner(0)),
    ("daemon", owner(1)),
    ("www-data", owner(33)),
    ("nobody", owner(65534)),
    ("nonroot", owner(65532)),
    ("node", owner(1000)),
];

const fn owner(id: u32) -> Owner {
    Owner { uid: id, gid: id }
}

/// `useradd -u 1000 app`, `adduser --uid 1000 app`.
pub(super) fn user(draft: &mut Draft, step: &Step<'_>) {
    let Some(name) = name(step) else {
        return draft.account.open(step.line, &step.text(), "no user's name", "set `config.user` to a number");
    };
    let number = |flags: &[&str]| step.values(flags).iter().find_map(|value| value.parse::<u32>().ok());
    let group = step.values(&["-g", "--gid", "-G", "--ingroup", "--group"]);
    let group = group.iter().find_map(|it| it.parse().ok().or_else(|| draft.groups.get(*it).copied()));
    // What Debian gives the first account of each kind.
    let first = if step.has(&["-r", "--system", "-S"]) { 999 } else { 1000 };
    let uid = number(&["-u", "--uid"]).unwrap_or(first);
    let owner = Owner { uid, gid: group.unwrap_or(uid) };
    draft.account.became(step.line, &step.text(), format!("the number of `{name}`: {}:{}", owner.uid, owner.gid));
    draft.users.insert(name, owner);
}

/// `groupadd -g 1000 app`, `addgroup --gid 1000 app`.
pub(super) fn group(draft: &mut Draft, step: &Step<'_>) {
    let operands = step.operands();
    // `addgroup USER GROUP` adds to a group that is there.
    let number = step.values(&["-g", "--gid"]).iter().find_map(|value| value.parse::<u32>().ok());
    let number = number.unwrap_or(if step.has(&["-r", "--system", "-S"]) { 999 } else { 1000 });
    if let Some(name) = operands.iter().rev().find(|name| name.parse::<u32>().is_err()) {
        draft.groups.insert((*name).to_owned(), number);
    }
    draft.account.not_needed(step.line, &step.text(), "an image needs numbers, no names");
}

/// The operand that is no option's value.
fn name(step: &Step<'_>) -> Option<String> {
    let takes_value = [
        "-u",
        "--uid",
        "-g",
        "--gid",
        "-G",
        "--ingroup",
        "--group",
        "--groups",
        "-d",
        "--home",
        "--home-dir",
        "-s",
        "--shell",
        "-c",
        "--comment",
        "--gecos",
        "-h",
        "-k",
        "-p",
        "--password",
    ];
    let mut words = step.words.iter().skip(1);
    let mut found = None;
    while let Some(word) = words.next() {
        match word.starts_with('-') {
            // `--group` of adduser is a switch, and what follows is the name.
            true if takes_value.contains(&word.as_str()) && !(word == "--group" && words.len() == 1) => {
                words.next();
            }
            true => {}
            false => found = found.or(Some(word.clone())),
        }
    }
    found
}

/// Whether an image runs as root: nobody else is root without a line that says so.
pub(super) fn is_root(draft: &Draft, image: &ImageConfig) -> bool {
    let numbers = image.user.as_ref().and_then(|user| numbers(draft, &user.value));
    numbers.is_some_and(|numbers| numbers.starts_with("0:"))
}

/// `app`, `1000:1000`, `app:app` as numbers; `None` for a name that no line makes.
pub(super) fn numbers(draft: &Draft, user: &str) -> Option<String> {
    let (name, group) = user.split_once(':').map_or((user, None), |(name, group)| (name, Some(group)));
    let known = |name: &str| {
        let made = draft.users.get(name).copied();
        made.or_else(|| KNOWN.iter().find(|(known, _)| *known == name).map(|(_, owner)| *owner))
    };
    let owner = match name.parse::<u32>() {
        Ok(uid) => Owner { uid, gid: uid },
        Err(_) => known(name)?,
    };
    let gid = match group {
        None => owner.gid,
        Some(group) => match group.parse::<u32>() {
            Ok(gid) => gid,
            Err(_) => draft.groups.get(group).copied().or_else(|| known(group).map(|owner| owner.gid))?,
        },
    };
    Some(format!("{}:{gid}", owner.uid))
}
