//! What Django needs besides its application: the module of its settings.

use crate::derive::code::Code;
use crate::derive::entry::Entry;
use crate::derive::known::Known;
use crate::derive::start::application::Application;

const VARIABLE: &str = "DJANGO_SETTINGS_MODULE";

/// Names the settings as manage.py does, where the application's own module does not.
pub(super) fn complete(known: &Known<'_>, application: &Application, entry: &mut Entry) {
    let has_settings = || known.code(&application.module.file).and_then(settings).is_some();
    if application.framework.module != "django" || has_settings() {
        return;
    }
    if let Some(module) = known.code("manage.py").and_then(settings) {
        entry.env.insert(VARIABLE.to_owned(), module.to_owned());
        entry.notes.push(format!("{VARIABLE} is what manage.py says"));
    }
}

/// `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")`.
fn settings(code: &Code) -> Option<&str> {
    code.calls.iter().find(|call| call.text(0) == Some(VARIABLE)).and_then(|call| call.text(1))
}
