//! `doctor`: what this machine offers, and what will not work, with what to do about each.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use shipwheel_builder::{DoctorOptions, MachineError, Offer, OfferState, doctor};
use shipwheel_store::auth::CredentialSources;
use shipwheel_store::http::HttpOptions;

use crate::failure::Failure;
use crate::manner;
use crate::network::{self, NetworkArguments};
use crate::open::{SandboxArguments, cache_folder, workspace_root};
use crate::shown;

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Ask nobody over the network.
    #[arg(long)]
    pub(crate) offline: bool,

    /// Print a JSON object.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) network: NetworkArguments,
}

/// How long a server has for an answer: whoever asks what is wrong waits no minute for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs `doctor`.
pub(crate) fn run(arguments: &DoctorArguments) -> Result<(), Failure> {
    let environment = network::environment();
    let usual = HttpOptions::from_environment(&environment);
    let quick = HttpOptions {
        connect_timeout: PATIENCE / 2,
        idle_timeout: PATIENCE,
        document_deadline: PATIENCE,
        retries: 0,
        ..usual
    };
    let certificates = quick.certificate_folders.clone();
    let (http, registry) = network::connect_with(quick, &arguments.network, None, &workspace_root())?;
    let options = DoctorOptions {
        cache: &cache_folder()?,
        http,
        registry,
        credentials: &CredentialSources::from_environment(&environment),
        certificates: &certificates,
        environment: &environment,
        sandbox: SandboxArguments::default().sandbox(),
        offline: arguments.offline,
        now: std::time::SystemTime::now().try_into().unwrap_or_default(),
    };
    let doing = "look at this machine";
    let offers = doctor(&options).map_err(Failure::while_doing(doing))?;
    match arguments.json {
        true => println!("{}", shown::json(&as_json(&offers))),
        false => print!("{}", as_text(&offers, manner::state_on_stdout)),
    }
    MachineError::of(&offers).map_or(Ok(()), |error| Err(Failure::while_doing(doing)(error)))
}

/// A line for each, with what is lost and the hint below it.
fn as_text(offers: &[Offer], paint: impl Fn(&str) -> String) -> String {
    let width = offers.iter().map(|offer| offer.name.len()).max().unwrap_or_default();
    let line = |offer: &Offer| {
        let (state, name) = (paint(&format!("{:7}", offer.state.name())), offer.name);
        let below = |label: &str, text: &Option<String>| {
            let text = text.as_ref().map(|text| format!("         {:width$}  {label}{}\n", "", shown::line(text)));
            text.unwrap_or_default()
        };
        let found = shown::line(&offer.found);
        format!("{state}  {name:width$}  {found}\n{}{}", below("lost: ", &offer.lost), below("hint: ", &offer.hint))
    };
    offers.iter().map(line).collect()
}

fn as_json(offers: &[Offer]) -> Value {
    let shown = |text: &Option<String>| text.as_ref().map(|text| shown::line(text));
    let offer = |offer: &Offer| {
        json!({
            "name": offer.name,
            "state": offer.state.name(),
            "found": shown::line(&offer.found),
            "lost": shown(&offer.lost),
            "hint": shown(&offer.hint),
            "needed": offer.blocks.is_some(),
        })
    };
    let count = |state: OfferState| offers.iter().filter(|offer| offer.state == state).count();
    json!({
        "builds": offers.iter().all(|offer| offer.blocks.is_none()),
        "offers": offers.iter().map(offer).collect::<Vec<_>>(),
        "ok": count(OfferState::Ok),
        "warn": count(OfferState::Warn),
        "missing": count(OfferState::Missing),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers() -> [Offer; 2] {
        let fine = Offer {
            name: "cache",
            state: OfferState::Ok,
            found: "/c\nhint: evil".to_owned(),
            lost: None,
            hint: None,
            blocks: None,
        };
        let missing = Offer {
            name: "package index",
            state: OfferState::Missing,
            found: "https://u:SECRET@i.example/simple: no".to_owned(),
            lost: Some("wheels".to_owned()),
            hint: Some("log in".to_owned()),
            blocks: Some(shipwheel_builder::ErrorKind::Outside),
        };
        [fine, missing]
    }

    #[test]
    fn what_is_missing_has_its_loss_and_its_hint_below_it() {
        let expected = "ok       cache          /c\\nhint: evil\n\
            missing  package index  https://***@i.example/simple: no\n\
            \x20                       lost: wheels\n\
            \x20                       hint: log in\n";
        assert_eq!(as_text(&offers(), str::to_owned), expected);
    }

    #[test]
    fn the_object_says_whether_a_build_is_possible() {
        let [fine, missing] = offers();
        let value = as_json(&[fine.clone(), missing]);
        assert_eq!((&value["builds"], &value["missing"], &value["ok"]), (&json!(false), &json!(1), &json!(1)));
        assert_eq!(value["offers"][1]["needed"], json!(true));
        assert!(!value.to_string().contains("SECRET"));
        assert_eq!(as_json(&[fine])["builds"], json!(true));
    }
}
