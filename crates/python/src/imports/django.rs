//! What a module says of Django's settings, as the interpreter's `django.py` reports it.

use super::when::When;

/// What a module says of Django's settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DjangoStatements {
    /// How settings get their texts, in the order of the module.
    pub(super) events: Vec<Event>,
    /// Where `DJANGO_SETTINGS_MODULE` gets a value.
    pub(super) chosen: Vec<Chosen>,
    /// Where the settings are loaded, by line.
    pub(super) loads: Vec<(u32, When)>,
}

/// Something that changes settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// What a setting had may be gone.
    Lost(String),
    /// What all of them had may be gone.
    AllLost,
    /// A setting has a text for certain, written in this line.
    Has { line: u32, setting: String, text: String },
    /// The names of the imports of this line come in.
    Import(u32),
}

/// A value of `DJANGO_SETTINGS_MODULE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) line: u32,
    pub(super) when: When,
    /// Whether a value that is there stays.
    pub(super) is_default: bool,
    /// The module; `None` where it is computed.
    pub(super) module: Option<String>,
}

impl DjangoStatements {
    /// Reads the words of a line; `None` if it is of another form.
    pub(super) fn read(&mut self, words: &[&str]) -> Option<()> {
        match *words {
            ["s", _, "*", ""] => self.events.push(Event::AllLost),
            ["s", _, setting, ""] => self.events.push(Event::Lost(setting.to_owned())),
            ["s", line, setting, text] => {
                let (line, setting, text) = (line.parse().ok()?, setting.to_owned(), text.to_owned());
                self.events.push(Event::Has { line, setting, text });
            }
            ["f", line] => self.events.push(Event::Import(line.parse().ok()?)),
            ["e", line, when, how @ ("d" | "s"), module] => self.chosen.push(Chosen {
                line: line.parse().ok()?,
                when: When::of(when)?,
                is_default: how == "d",
                module: (!module.is_empty()).then(|| module.to_owned()),
            }),
            ["j", line, when] => self.loads.push((line.parse().ok()?, When::of(when)?)),
            _ => return None,
        }
        Some(())
    }
}
