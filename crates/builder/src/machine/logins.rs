//! The logins for registries: which hosts have one, and which helpers are not there to be asked.

use shipwheel_store::auth::{LoginFile, Logins};

use super::offer::Offer;

const NAME: &str = "logins";

/// A line for each file of logins, and for each helper that is not on `PATH`.
pub(crate) fn login_offers(files: &[LoginFile], has_program: impl Fn(&str) -> bool) -> Vec<Offer> {
    if files.is_empty() {
        return vec![Offer::ok(NAME, "none; public images need none, and `docker login` or `podman login` keeps one")];
    }
    files.iter().flat_map(|file| of_file(file, &has_program)).collect()
}

fn of_file(file: &LoginFile, has_program: &impl Fn(&str) -> bool) -> Vec<Offer> {
    let path = file.path.display();
    let logins = match &file.logins {
        Ok(logins) => logins,
        Err(reason) => {
            return vec![Offer::missing(
                NAME,
                format!("{path}: {reason}"),
                "no registry is asked: a file that cannot be read is never taken for an anonymous user",
                "mend the file, or remove it and log in again",
            )];
        }
    };
    let mut offers = vec![Offer::ok(NAME, format!("{path}: {}", hosts(logins)))];
    if !logins.broken.is_empty() {
        offers.push(Offer::missing(
            NAME,
            format!("{path}: the entry of {} cannot be decoded", logins.broken.join(", ")),
            "nothing is pulled from there or pushed to there",
            "log in again: `docker login HOST` or `podman login HOST`",
        ));
    }
    for (host, helper) in &logins.helpers {
        let program = format!("docker-credential-{helper}");
        if !has_program(&program) {
            offers.push(missing_helper(&path, host.as_deref(), &program));
        }
    }
    offers
}

fn missing_helper(path: &std::path::Display<'_>, host: Option<&str>, program: &str) -> Offer {
    let asked_for = host.unwrap_or("every host without an entry");
    Offer::missing(
        NAME,
        format!("{path}: {program}, which is asked for {asked_for}, is not on PATH"),
        "nothing is pulled from there or pushed to there",
        "install it, or take `credsStore` or `credHelpers` out of the file and log in again",
    )
}

/// The hosts of a file, and who is asked for the others.
fn hosts(logins: &Logins) -> String {
    let by_helper = logins.helpers.iter().map(|(host, helper)| match host {
        Some(host) => format!("{host} (by {helper})"),
        None => format!("any other (by {helper})"),
    });
    let all: Vec<String> = logins.hosts.iter().cloned().chain(by_helper).collect();
    if all.is_empty() { "no host".to_owned() } else { all.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::super::offer::OfferState::{Missing, Ok as Fine};
    use super::*;

    #[test]
    fn files_and_helpers_that_cannot_be_used_are_named() {
        let file = |logins: Result<Logins, String>| [LoginFile { path: "/c.json".into(), logins }];
        let text = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let helpers = |names: &[(Option<&str>, &str)]| {
            names.iter().map(|(host, name)| (host.map(str::to_owned), (*name).to_owned())).collect::<Vec<_>>()
        };
        let with = |hosts: &[&str], broken: &[&str], named: &[(Option<&str>, &str)]| {
            Ok(Logins { hosts: text(hosts), broken: text(broken), helpers: helpers(named) })
        };
        for (logins, expected) in [
            (with(&[], &[], &[]), vec![(Fine, "/c.json: no host")]),
            (with(&["a", "b/team"], &[], &[]), vec![(Fine, "/c.json: a, b/team")]),
            (
                with(&["a"], &["b"], &[]),
                vec![(Fine, "/c.json: a"), (Missing, "/c.json: the entry of b cannot be decoded")],
            ),
            (
                with(&[], &[], &[(Some("h"), "there"), (None, "gone")]),
                vec![
                    (Fine, "/c.json: h (by there), any other (by gone)"),
                    (
                        Missing,
                        "/c.json: docker-credential-gone, which is asked for every host without an entry, is not on PATH",
                    ),
                ],
            ),
            (Err("not valid JSON".to_owned()), vec![(Missing, "/c.json: not valid JSON")]),
        ] {
            let offers = login_offers(&file(logins), |program| program == "docker-credential-there");
            let found: Vec<_> = offers.iter().map(|offer| (offer.state, offer.found.as_str())).collect();
            assert_eq!(found, expected);
        }
        assert_eq!(login_offers(&[], |_| true).len(), 1);
    }
}
