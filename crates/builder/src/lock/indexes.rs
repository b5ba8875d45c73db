//! The package indexes of the user's configuration, and the files that they have for pins with hashes.

use std::path::{Path, PathBuf};
use std::process::Command;

use rayon::prelude::*;
use shipwheel_oci::{Digest, Hasher};
use shipwheel_python::DistributionName;
use shipwheel_python::index::{ACCEPT, IndexAddresses, IndexFile, ProjectPage, default_in_help, project_url};
use shipwheel_python::pyproject::UvSettings;
use shipwheel_python::requirements::{Found, Pin};
use shipwheel_store::package_index::{IndexCredentials, IndexFetch, IndexPage, Keyring};

use super::lock_error::LockError;
use crate::disk::text::text_if_there;
use crate::error::BuildError;
use crate::program::keyring::KeyringProgram;
use crate::program::run::run;
use crate::session::Session;

/// Raise this when other files are found for the same pins.
const FOUND_RECIPE: u32 = 2;

/// The kind of record that has the files of a pin.
const RECORD: &str = "index-files";

/// How many pages are fetched at a time.
const CONCURRENCY: usize = 16;

/// Package indexes in the order in which they are asked, with the credentials for them.
pub(crate) struct Indexes {
    urls: Vec<String>,
    /// Pages of links, which are asked before them.
    links: Vec<String>,
    credentials: IndexCredentials,
}

impl Indexes {
    /// The indexes that image.toml names, or else option lines of requirements, a uv.toml beside them, variables, and
    /// the files of uv and pip, in this order; if none does, the default one of this machine's pip.
    ///
    /// None where variables or settings have files looked for in folders or on pages of links, where lines name what is
    /// neither a folder nor an address, or no default is known.
    ///
    /// # Errors
    /// When a file of settings cannot be read.
    pub(crate) fn of(
        session: &Session<'_>,
        named: &[String],
        lines: &str,
        settings: &str,
    ) -> Result<Option<Self>, BuildError> {
        if !named.is_empty() {
            let urls = named.iter().map(|url| expand(url, session)).collect();
            return Ok(Some(Self::with_credentials(session, urls, Vec::new(), settings)));
        }
        let expanded = expand(lines, session);
        let mut addresses = IndexAddresses::of_lines(&expanded)
            .before(IndexAddresses::of_uv_variables(&session.environment))
            .before(IndexAddresses::of_uv_toml(settings));
        for path in uv_files(session) {
            addresses = addresses.before(IndexAddresses::of_uv_toml(&text_if_there(&path)?.unwrap_or_default()));
        }
        let is_address = |place: &String| place.starts_with("https://") || place.starts_with("http://");
        let (links, folders): (Vec<String>, Vec<String>) = addresses.places.drain(..).partition(is_address);
        if addresses.has_places || !folders.iter().all(|folder| Path::new(folder).is_dir()) {
            return Ok(None);
        }
        if addresses.no_index {
            return Ok(Some(Self::with_credentials(session, Vec::new(), links, settings)));
        }
        // uv and pip each have their own; pip's hold where uv's name no default.
        if addresses.default.is_none() {
            addresses = addresses.before(IndexAddresses::of_pip_variables(&session.environment));
            for path in pip_files(session) {
                addresses = addresses.before(IndexAddresses::of_pip_conf(&text_if_there(&path)?.unwrap_or_default()));
            }
        }
        if addresses.default.is_none() {
            let Some(default) = machine_default(session)? else { return Ok(None) };
            addresses.default = Some(default);
        }
        let urls = addresses.in_order().into_iter().map(str::to_owned).collect();
        Ok(Some(Self::with_credentials(session, urls, links, settings)))
    }

    fn with_credentials(session: &Session<'_>, urls: Vec<String>, links: Vec<String>, settings: &str) -> Self {
        let mut credentials = IndexCredentials::new(&session.environment);
        urls.iter().chain(&links).for_each(|url| credentials.add_index(None, url, &session.environment));
        for index in UvSettings::parse(settings).map(|settings| settings.indexes).unwrap_or_default() {
            credentials.add_index(index.name.as_deref(), &index.url, &session.environment);
        }
        Self { urls, links, credentials }
    }

    /// The addresses, in the order in which they are asked.
    pub(crate) fn urls(&self) -> &[String] {
        &self.urls
    }

    /// Asks one of them for the page of a project, which it need not have.
    ///
    /// # Errors
    /// When it does not answer, or refuses to.
    pub(crate) fn answers(&self, session: &Session<'_>, url: &str, name: &DistributionName) -> Result<(), BuildError> {
        self.fetch(session, &[project_url(url, name)]).map(drop)
    }

    /// The files of pins, from the first index that has one with a hash that is listed.
    ///
    /// What was found once is not looked up again: a file with a hash does not change.
    ///
    /// # Errors
    /// When an index cannot be reached, or what it answers is no page.
    pub(crate) fn look_up(&self, session: &Session<'_>, pins: &[Pin]) -> Result<Found, BuildError> {
        let mut found: Found = pins.iter().map(|pin| session.cache.record(RECORD, &self.key(pin))).collect();
        let mut open: Vec<usize> = (0..pins.len()).filter(|number| found[*number].is_none()).collect();
        if !open.is_empty() {
            session.report.step(&format!("lock: looking up the files of {}", distributions(open.len())));
        }
        if !open.is_empty() && !self.links.is_empty() {
            let linked = self.linked(session)?;
            open.retain(|number| {
                let files = pins[*number].files(linked.clone());
                let is_found = files.iter().any(|file| pins[*number].allows(file));
                found[*number] = Some(files).filter(|files| !files.is_empty());
                !is_found
            });
        }
        for index in &self.urls {
            let urls: Vec<String> = open.iter().map(|number| project_url(index, &pins[*number].name)).collect();
            let pages = self.pages(session, &urls, open.iter().map(|number| &pins[*number]).collect())?;
            let mut left = Vec::new();
            for (number, files) in open.into_iter().zip(pages) {
                let pin = &pins[number];
                if files.iter().flatten().any(|file| pin.allows(file)) {
                    self.keep(session, pin, files.as_deref().unwrap_or_default())?;
                } else {
                    left.push(number);
                }
                // The files of an index without the right hashes are for the message.
                found[number] = files.or(found[number].take());
            }
            open = left;
        }
        Ok(found)
    }

    /// The files on the pages of links: a page of anything but a project may have any.
    fn linked(&self, session: &Session<'_>) -> Result<Vec<IndexFile>, BuildError> {
        let kept = |url: &String| session.cache.index_page(url).ok_or_else(|| session.lacking(shown(url)));
        let pages: Vec<IndexPage> = match session.offline {
            true => self.links.iter().map(kept).collect::<Result<_, _>>()?,
            false => self.fetch(session, &self.links)?.into_iter().flatten().collect(),
        };
        let mut files = Vec::new();
        for page in pages {
            files.extend(project_page(&page)?.files);
        }
        Ok(files)
    }

    /// The pages at some addresses; none where there is no such page.
    fn fetch(&self, session: &Session<'_>, urls: &[String]) -> Result<Vec<Option<IndexPage>>, BuildError> {
        let keyring = KeyringProgram::of(session);
        let how = IndexFetch {
            cache: &session.cache,
            progress: session.progress,
            concurrency: CONCURRENCY,
            credentials: &self.credentials,
            keyring: keyring.as_ref().map(|keyring| keyring as &dyn Keyring),
        };
        Ok(session.http.index_pages(urls, ACCEPT, how).map_err(LockError::Index)?)
    }

    /// The files of one version each, from the pages at these addresses; none where an index has no such page.
    fn pages(
        &self,
        session: &Session<'_>,
        urls: &[String],
        pins: Vec<&Pin>,
    ) -> Result<Vec<Option<Vec<IndexFile>>>, BuildError> {
        let parse = |page: &IndexPage, pin: &Pin| project_page(page).map(|page| pin.files(page.files));
        let mut files: Vec<Option<Vec<IndexFile>>> = vec![None; urls.len()];
        let mut asked = Vec::new();
        for (number, (url, pin)) in urls.iter().zip(&pins).enumerate() {
            // A page that is kept will do where it has what is looked for; it may have nothing newer.
            let kept = session.cache.index_page(url).map(|page| parse(&page, pin)).transpose()?;
            match kept.filter(|files| files.iter().any(|file| pin.allows(file))) {
                Some(kept) => files[number] = Some(kept),
                None if session.offline => return Err(session.lacking(shown(url)).into()),
                None => asked.push(number),
            }
        }
        let wanted: Vec<String> = asked.iter().map(|number| urls[*number].clone()).collect();
        let pages = self.fetch(session, &wanted)?;
        let parsed: Vec<_> = asked
            .par_iter()
            .zip(pages)
            .map(|(number, page)| page.map(|page| parse(&page, pins[*number])).transpose())
            .collect::<Result<_, _>>()?;
        for (number, page) in asked.into_iter().zip(parsed) {
            files[number] = page;
        }
        Ok(files)
    }

    fn key(&self, pin: &Pin) -> Digest {
        let mut hasher = Hasher::new();
        hasher.field(FOUND_RECIPE.to_le_bytes()).fields(self.urls.iter()).fields(self.links.iter());
        hasher.field(pin.name.as_str()).field(pin.version.to_string());
        hasher.fields(pin.hashes.iter().map(|digest| digest.as_bytes()));
        hasher.fields(pin.stronger.iter().map(ToString::to_string));
        hasher.finish()
    }

    fn keep(&self, session: &Session<'_>, pin: &Pin, files: &[IndexFile]) -> Result<(), BuildError> {
        // An address with a password in it is kept nowhere.
        if files.iter().any(|file| shipwheel_store::has_secret(&file.url)) {
            return Ok(());
        }
        Ok(session.cache.put_record(RECORD, &self.key(pin), &files)?)
    }
}

fn project_page(page: &IndexPage) -> Result<ProjectPage, LockError> {
    let parsed = ProjectPage::parse(&page.bytes, &page.media_type, &page.url);
    parsed.map_err(|cause| LockError::IndexPage { url: shown(&page.url), cause })
}

/// An address for messages: it may have a password in it.
fn shown(url: &str) -> String {
    shipwheel_store::redacted(url)
}

fn distributions(count: usize) -> String {
    if count == 1 { "1 distribution".to_owned() } else { format!("{count} distributions") }
}

/// Option lines with `${NAME}` replaced by the variable, as pip and uv do it.
fn expand(lines: &str, session: &Session<'_>) -> String {
    let mut parts = lines.split("${");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let value = part.split_once('}').and_then(|(name, rest)| Some((session.variable(name)?, rest)));
        match value {
            Some((value, rest)) => text += &format!("{value}{rest}"),
            None => text += &format!("${{{part}"),
        }
    }
    text
}

/// The settings of uv for the user, then for the machine.
fn uv_files(session: &Session<'_>) -> Vec<PathBuf> {
    let own = configuration_folder(session).map(|folder| folder.join("uv/uv.toml"));
    own.into_iter().chain([PathBuf::from("/etc/uv/uv.toml")]).collect()
}

/// The settings of pip, those that count most first.
fn pip_files(session: &Session<'_>) -> Vec<PathBuf> {
    let named = session.variable("PIP_CONFIG_FILE").map(PathBuf::from).filter(|path| path.is_absolute());
    if named.as_deref() == Some(Path::new("/dev/null")) {
        return Vec::new();
    }
    let home = session.variable("HOME").map(PathBuf::from);
    let own = configuration_folder(session).map(|folder| folder.join("pip/pip.conf"));
    let older = home.map(|home| home.join(".pip/pip.conf"));
    let machine = ["/etc/pip.conf", "/etc/xdg/pip/pip.conf"].map(PathBuf::from);
    named.into_iter().chain(own).chain(older).chain(machine).collect()
}

fn configuration_folder(session: &Session<'_>) -> Option<PathBuf> {
    let own = session.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    own.or_else(|| session.variable("HOME").map(|home| Path::new(home).join(".config")))
}

/// The index that this machine's pip asks unless it is told otherwise; asked once for each Python.
fn machine_default(session: &Session<'_>) -> Result<Option<String>, BuildError> {
    let Some(python) = session.on_path("python3").next() else { return Ok(None) };
    let key = Digest::of(python.as_os_str().as_encoded_bytes());
    if let Some(known) = session.cache.record("default-index", &key) {
        return Ok(Some(known));
    }
    let mut command = Command::new(&python);
    // In a folder of its own, and without settings: `-m` would import from the working directory.
    command.args(["-I", "-m", "pip", "--isolated", "install", "--help"]).current_dir("/");
    let Some(default) = run(session, command, "pip install --help").ok().and_then(|help| default_in_help(&help)) else {
        return Ok(None);
    };
    session.cache.put_record("default-index", &key, &default)?;
    Ok(Some(default))
}
