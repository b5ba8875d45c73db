//! The result of a build, remembered with all that it was made from: where nothing changed, nobody is asked for it again.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;

use serde::{Deserialize, Serialize};
use shipwheel_oci::{Digest, Hasher, Index, LayerDescriptor, Manifest, Platform};
use shipwheel_plan::image_lock::{IMAGE_LOCK, ImageLock};
use shipwheel_plan::layer::LayerKind;
use shipwheel_store::{PlatformImage, StoredImage};

use super::heard::Said;
use super::watched::{States, Verdict, Watched};
use crate::error::BuildError;
use crate::layer::report::{Built, LayerReport, LayerStatus, PlatformReport};
use crate::project::definition::Definition;
use crate::session::Session;

/// Raise this when what is watched or remembered changes.
const REMEMBERED_RECIPE: u32 = 2;

/// The kind of the records.
const KIND: &str = "built";

/// Variables that programs set for each terminal or each run, and that no build looks at.
const PASSING: [&str; 14] = [
    "COLORTERM",
    "COLUMNS",
    "LINES",
    "LS_COLORS",
    "OLDPWD",
    "PS1",
    "PWD",
    "SHLVL",
    "SSH_CLIENT",
    "SSH_CONNECTION",
    "SSH_TTY",
    "TERM",
    "WINDOWID",
    "_",
];

/// A build with what it was made from.
#[derive(Serialize, Deserialize)]
struct Record {
    watched: Watched,
    states: States,
    said: Said,
    index: Option<String>,
    platforms: Vec<KeptPlatform>,
    lock: String,
}

#[derive(Serialize, Deserialize)]
struct KeptPlatform {
    platform: Platform,
    manifest: String,
    config: String,
    origin: Option<String>,
    layers: Vec<KeptLayer>,
}

#[derive(Serialize, Deserialize)]
struct KeptLayer {
    kind: String,
    title: String,
    members: Vec<String>,
    layer: LayerDescriptor,
    inputs: Option<Digest>,
}

/// The build of a definition that an earlier run made of the very same, with what it said.
///
/// # Errors
/// When the cache cannot be written.
pub(crate) fn find(session: &Session<'_>, definition: &Definition) -> Result<Option<(Built, Said)>, BuildError> {
    let Some(key) = key(session, definition) else { return Ok(None) };
    let Some(mut record) = session.cache.record::<Record>(KIND, &key) else { return Ok(None) };
    match record.watched.compare(&record.states, session.now.as_second()) {
        Verdict::Changed => return Ok(None),
        Verdict::Same => {}
        Verdict::Touched(states) => {
            record.states = states;
            session.cache.put_record(KIND, &key, &record)?;
        }
    }
    let built = record.built().filter(|built| is_whole(session, built));
    Ok(built.map(|built| (built, record.said)))
}

/// Remembers a build of a definition, unless something that it was made from has just changed or cannot be read.
///
/// # Errors
/// When the cache cannot be written.
pub(crate) fn keep(
    session: &Session<'_>,
    definition: &Definition,
    watched: Watched,
    built: &Built,
    said: Said,
) -> Result<(), BuildError> {
    let Some(key) = key(session, definition) else { return Ok(()) };
    // What changed since the run began may be another content than the one that was built.
    let Some(states) = watched.states(session.now.as_second()) else { return Ok(()) };
    if let Some(record) = Record::of(watched, states, built, said) {
        session.cache.put_record(KIND, &key, &record)?;
    }
    Ok(())
}

/// Stands for all of a build but its files: what is asked for, by whom, and the program; `None` without a program's file.
fn key(session: &Session<'_>, definition: &Definition) -> Option<Digest> {
    let program = std::fs::metadata("/proc/self/exe").ok()?;
    let mut hasher = Hasher::new();
    hasher.field("built").field(REMEMBERED_RECIPE.to_le_bytes());
    hasher.fields([program.dev(), program.ino(), program.size()].map(u64::to_le_bytes));
    let times = [program.mtime(), program.mtime_nsec(), program.ctime(), program.ctime_nsec()];
    hasher.fields(times.map(i64::to_le_bytes));
    hasher.field(definition.folder.to_str()?).field(&definition.name).field(&definition.text);
    hasher.field(definition.workspace.root().to_str()?);
    // The flags are in it already.
    hasher.field(format!("{:?}", definition.spec));
    hasher.field([u8::from(definition.derived), u8::from(definition.may_build_project)]);
    hasher.field(definition.image_lock.as_ref().map(ToString::to_string).unwrap_or_default());
    hasher.field(format!("{:?} {:?} {}", session.interpreter, session.sandbox, session.epoch));
    for (name, value) in session.environment.iter().filter(|(name, _)| !PASSING.contains(&name.as_str())) {
        hasher.field(name).field(value);
    }
    session.outside.add_to(&mut hasher);
    Some(hasher.finish())
}

/// Whether all of an image can still be had: in the cache, or where the base's layers are.
fn is_whole(session: &Session<'_>, built: &Built) -> bool {
    let images = built.image.images().iter();
    images.zip(&built.platforms).all(|(image, report)| {
        report.layers.iter().all(|layer| {
            let is_base = layer.kind == LayerKind::Base && image.origin.is_some();
            is_base || session.cache.has(&layer.layer.blob)
        })
    })
}

impl Record {
    /// `None` for what cannot be remembered as text.
    fn of(watched: Watched, states: States, built: &Built, said: Said) -> Option<Self> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let platform = |(image, report): (&PlatformImage, &PlatformReport)| {
            let layer = |layer: &LayerReport| KeptLayer {
                kind: layer.kind.name().to_owned(),
                title: layer.title.clone(),
                members: layer.members.clone(),
                layer: layer.layer.clone(),
                inputs: layer.inputs,
            };
            Some(KeptPlatform {
                platform: image.platform.clone(),
                manifest: text(image.manifest.raw())?,
                config: text(&image.config)?,
                origin: image.origin.as_ref().map(ToString::to_string),
                layers: report.layers.iter().map(layer).collect(),
            })
        };
        let platforms = built.image.images().iter().zip(&built.platforms).map(platform);
        Some(Self {
            watched,
            states,
            said,
            index: built.image.index().map(|index| text(index.raw())).map_or(Some(None), |text| text.map(Some))?,
            platforms: platforms.collect::<Option<_>>()?,
            lock: built.lock.to_string(),
        })
    }

    /// The build; `None` where the record contradicts itself.
    fn built(&self) -> Option<Built> {
        let lock = ImageLock::parse(&self.lock, IMAGE_LOCK).ok()?;
        let mut images = self.platforms.iter().map(KeptPlatform::image).collect::<Option<Vec<_>>>()?;
        let image = match &self.index {
            Some(index) => StoredImage::with_index(Index::parse(index.clone().into_bytes()).ok()?, images),
            None if images.len() == 1 => StoredImage::single(images.remove(0)),
            None => return None,
        };
        let mut seen = BTreeSet::new();
        let pairs = self.platforms.iter().zip(image.images());
        let platforms = pairs.map(|(kept, image)| kept.report(image, &mut seen)).collect::<Option<Vec<_>>>()?;
        let reused =
            |report: &PlatformReport| (report.platform.clone(), vec!["nothing changed: all is reused".to_owned()]);
        let reasons = platforms.iter().map(reused).collect();
        (image.root().digest == lock.root).then_some(Built { image, platforms, lock, reasons })
    }
}

impl KeptPlatform {
    fn image(&self) -> Option<PlatformImage> {
        let manifest = Manifest::parse(self.manifest.clone().into_bytes()).ok()?;
        let origin = self.origin.as_ref().map(|origin| origin.parse().ok()).map_or(Some(None), |it| it.map(Some))?;
        Some(PlatformImage {
            platform: self.platform.clone(),
            manifest,
            config: self.config.clone().into_bytes(),
            origin,
        })
    }

    /// `None` where the record contradicts itself; `seen` has the layers of the platforms above.
    fn report(&self, image: &PlatformImage, seen: &mut BTreeSet<Digest>) -> Option<PlatformReport> {
        let mut layers = Vec::new();
        for KeptLayer { kind, title, members, layer, inputs } in &self.layers {
            let is_new = seen.insert(layer.blob.digest);
            layers.push(LayerReport {
                kind: LayerKind::of(kind)?,
                title: title.clone(),
                members: members.clone(),
                layer: layer.clone(),
                inputs: *inputs,
                status: if is_new { LayerStatus::Cached } else { LayerStatus::Shared },
            });
        }
        let (platform, manifest) = (self.platform.clone(), image.manifest.descriptor().digest);
        Some(PlatformReport { platform, manifest, layers })
    }
}
