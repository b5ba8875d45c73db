//! The texts in Django's settings that name modules, followed through the modules that the settings import from.

use std::collections::BTreeMap;

use super::django::Event;
use super::statements::{Import, Statements};
use super::when::When;

/// What a text of a setting names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// An application: its package, or the class of its configuration.
    Application,
    /// A module.
    Module,
    /// A class or a function of a module.
    Object,
    /// A package of a driver of a database.
    Engine,
}

/// Each setting, what its texts name, and whether Django comes to them whatever a request asks for.
///
/// Storages under their old names are unknown to newer versions; mail may never be sent; and only the server for
/// development reads where applications of WSGI and ASGI are. What these name may be missing.
const SETTINGS: [(&str, Names, bool); 16] = [
    ("INSTALLED_APPS", Names::Application, true),
    ("MIDDLEWARE", Names::Object, true),
    ("ROOT_URLCONF", Names::Module, true),
    ("AUTHENTICATION_BACKENDS", Names::Object, true),
    ("AUTH_PASSWORD_VALIDATORS", Names::Object, true),
    ("DATABASES", Names::Engine, true),
    ("TEMPLATES", Names::Object, true),
    ("STORAGES", Names::Object, true),
    ("CACHES", Names::Object, true),
    ("LOGGING", Names::Object, true),
    ("SESSION_ENGINE", Names::Module, true),
    ("WSGI_APPLICATION", Names::Object, false),
    ("ASGI_APPLICATION", Names::Object, false),
    ("DEFAULT_FILE_STORAGE", Names::Object, false),
    ("STATICFILES_STORAGE", Names::Object, false),
    ("EMAIL_BACKEND", Names::Object, false),
];

/// The modules of which Django's own drivers of databases need one, by the end of the engine's name.
const DRIVERS: [(&str, &[&str]); 5] = [
    ("mysql", &["MySQLdb"]),
    ("oracle", &["oracledb", "cx_Oracle"]),
    ("postgis", &["psycopg", "psycopg2"]),
    ("postgresql", &["psycopg", "psycopg2"]),
    ("postgresql_psycopg2", &["psycopg2", "psycopg"]),
];

/// A text in a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) setting: String,
    pub(super) text: String,
    pub(super) names: Names,
    /// Whether Django comes to it.
    pub(super) is_certain: bool,
}

/// Where an import of a settings module leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leads {
    /// To a module of the application.
    Own(String),
    /// To a module that nothing is known of.
    Elsewhere,
    /// To nothing.
    Nowhere,
}

/// The drivers of which an engine of Django's own needs one.
pub(super) fn drivers(engine: &str) -> &'static [&'static str] {
    let own = ["django.db.backends.", "django.contrib.gis.db.backends."];
    let name = own.iter().find_map(|prefix| engine.strip_prefix(prefix));
    DRIVERS.iter().find(|(driver, _)| Some(*driver) == name).map_or(&[], |(_, modules)| modules)
}

/// The texts that a settings module surely ends with; `leads` tells where an import of a file does.
pub(super) fn texts(
    own: &BTreeMap<String, Statements>,
    file: &str,
    leads: &dyn Fn(&str, &Import) -> Leads,
) -> Vec<Text> {
    let mut reader = Reader { own, leads, read: BTreeMap::new() };
    reader.module(file).texts.into_values().flatten().collect()
}

/// What is known at a place of a module.
#[derive(Default, Clone)]
struct Known {
    texts: BTreeMap<String, Vec<Text>>,
    /// Whether any setting may have been changed.
    is_lost: bool,
}

struct Reader<'r> {
    own: &'r BTreeMap<String, Statements>,
    leads: &'r dyn Fn(&str, &Import) -> Leads,
    /// The modules that were read; nothing is known of one that is being read.
    read: BTreeMap<String, Known>,
}

impl Reader<'_> {
    fn module(&mut self, file: &str) -> Known {
        if let Some(known) = self.read.get(file) {
            return known.clone();
        }
        let unknown = Known { is_lost: true, ..Known::default() };
        self.read.insert(file.to_owned(), unknown.clone());
        let own = self.own;
        let Some(statements) = own.get(file) else { return unknown };
        let mut known = Known::default();
        for event in &statements.django.events {
            match event {
                Event::AllLost => known.lose_all(),
                Event::Lost(setting) => _ = known.texts.insert(setting.clone(), Vec::new()),
                Event::Has { line, setting, text } => known.add(file, *line, setting, text),
                Event::Import(line) => {
                    for import in statements.imports.iter().filter(|import| import.line == *line) {
                        self.import(file, import, &mut known);
                    }
                }
            }
        }
        self.read.insert(file.to_owned(), known.clone());
        known
    }

    /// `from .base import *`, or `from .base import MIDDLEWARE`.
    fn import(&mut self, file: &str, import: &Import, known: &mut Known) {
        let Some(name) = import.name.as_deref() else { return };
        let is_all = name == "*";
        if !is_all && !SETTINGS.iter().any(|(setting, ..)| *setting == name) {
            return;
        }
        let is_sure = import.when == When::Always;
        let mut taken = match (self.leads)(file, import) {
            Leads::Own(path) => self.module(&path),
            Leads::Elsewhere => Known { is_lost: true, ..Known::default() },
            Leads::Nowhere => return,
        };
        if is_all && taken.is_lost {
            known.lose_all();
        }
        if !is_all {
            let texts = taken.texts.remove(name).unwrap_or_default();
            taken.texts = BTreeMap::from([(name.to_owned(), texts)]);
        }
        known
            .texts
            .extend(taken.texts.into_iter().map(|(name, texts)| (name, if is_sure { texts } else { Vec::new() })));
    }
}

impl Known {
    fn lose_all(&mut self) {
        self.texts.clear();
        self.is_lost = true;
    }

    fn add(&mut self, file: &str, line: u32, setting: &str, text: &str) {
        let Some((_, names, is_certain)) = SETTINGS.iter().find(|(name, ..)| *name == setting) else { return };
        self.texts.entry(setting.to_owned()).or_default().push(Text {
            file: file.to_owned(),
            line,
            setting: setting.to_owned(),
            text: text.to_owned(),
            names: *names,
            is_certain: *is_certain,
        });
    }
}
