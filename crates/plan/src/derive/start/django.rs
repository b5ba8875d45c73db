//! What Django needs besides its application: the module of its settings.

use crate::derive::code::{Code, DJANGO_SETTINGS};
use crate::derive::entry::Entry;
use crate::derive::known::Known;
use crate::derive::start::application::Application;

/// Names the settings as manage.py does, where the application's own module does not.
pub(super) fn complete(known: &Known<'_>, application: &Application, entry: &mut Entry) {
    let has_settings = || known.code(&application.module.file).and_then(Code::django_settings).is_some();
    if application.framework.module != "django" || has_settings() {
        return;
    }
    if let Some(module) = known.code(&format!("{}manage.py", application.module.root)).and_then(Code::django_settings) {
        entry.env.insert(DJANGO_SETTINGS.to_owned(), module.to_owned());
        entry.notes.push(format!("{DJANGO_SETTINGS} is what manage.py says"));
    }
}
