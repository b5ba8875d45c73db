//! Faults: whatever a line does to random pushes, copies and pulls, no tag names something incomplete.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use shipwheel_loopback::Contents;
use shipwheel_oci::{Reference, media_type};
use shipwheel_store::{CopyOptions, StoreError};
use shipwheel_tests::{SampleImage, scratch};

use crate::chance::Chance;
use crate::client::{Client, Work};
use crate::fault::Fault;
use crate::line::{Access, Line, PASSWORD, TOKEN, Weather};
use crate::settings::Settings;
use crate::tally::Tally;
use crate::whole::whole_layout;

/// How many pushes run at a time: most of their time they wait.
const WORKERS: usize = 3;

/// How many tries share a client and a registry.
const TRIES: u64 = 100;

/// How many images are pushed.
const IMAGES: u64 = 24;

/// No try may take longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What all workers share.
struct Run {
    settings: Settings,
    images: Vec<SampleImage>,
    next: AtomicU64,
    faults: AtomicU64,
    tally: Mutex<Tally>,
}

/// One try.
struct Try<'a> {
    run: &'a Run,
    number: u64,
    line: &'a Line,
    client: &'a Client,
    folder: &'a Path,
}

/// What a try is to come to.
struct Plan {
    work: Work,
    options: CopyOptions,
    image: usize,
    /// The image that the tag names before.
    before: Option<usize>,
    has_lies: bool,
}

/// How a try ended.
enum Outcome {
    Done(Result<(), StoreError>),
    Panicked,
    Hangs,
}

#[test]
fn no_fault_of_a_registry_leaves_a_tag_on_something_incomplete() {
    let settings = Settings::from_environment();
    let again = format!("cargo xtask soak --seed {} --kills 0 --faults {}", settings.seed, settings.faults);
    if settings.faults == 0 {
        return;
    }
    println!("faults: `{again}`");
    let images = (0..IMAGES).map(|number| random_image(&mut Chance::new(settings.seed, number))).collect();
    let counter = AtomicU64::default;
    let run = Run { settings, images, next: counter(), faults: counter(), tally: Mutex::new(Tally::new()) };
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| run.work());
        }
    });
    let (faults, tries) = (run.faults.into_inner(), run.next.into_inner());
    run.tally.into_inner().unwrap().finish(&format!("{faults} faults in {tries} tries"), &again);
}

/// Of every shape: one platform and several, an attestation, no layers, large layers, without an index.
fn random_image(chance: &mut Chance) -> SampleImage {
    let mut layers: Vec<usize> = (0..chance.below(5)).map(|_| chance.below(20_000)).collect();
    if chance.one_in(4) {
        layers.push(300_000 + chance.below(1_200_000));
    }
    match chance.below(4) {
        0 => SampleImage::without_index(&layers),
        1 => SampleImage::with_platforms(&layers, &["amd64"]),
        2 => SampleImage::with_platforms(&layers, &["amd64", "unknown"]),
        _ => SampleImage::with_platforms(&layers, &["amd64", "arm64", "riscv64"]),
    }
}

/// Stores a whole image under a tag.
fn store(contents: &mut Contents, repository: &str, image: &SampleImage) {
    for (kind, bytes) in &image.content {
        let digest = shipwheel_oci::Digest::of(bytes);
        if media_type::is_manifest(kind) || media_type::is_index(kind) {
            contents.add_manifest(repository, &digest.to_string(), kind, bytes);
            if digest == image.root {
                contents.add_manifest(repository, "1", kind, bytes);
            }
        } else {
            contents.add_blob(repository, bytes);
        }
    }
}

impl Run {
    /// Tries until there were enough faults.
    fn work(&self) {
        loop {
            let (line, folder) = (Line::start(), scratch());
            let client = Client::new(&folder.path().join("cache"), &line.address);
            for _ in 0..TRIES {
                if self.faults.load(Ordering::SeqCst) >= self.settings.faults || self.settings.is_over() {
                    return;
                }
                let number = self.next.fetch_add(1, Ordering::SeqCst);
                let a_try = Try { run: self, number, line: &line, client: &client, folder: folder.path() };
                a_try.run(&mut Chance::new(self.settings.seed, number));
            }
        }
    }
}

impl Try<'_> {
    fn run(&self, chance: &mut Chance) {
        let plan = self.plan(chance);
        let outcome = self.attempt(&plan);
        let happened = self.line.happened();
        self.run.faults.fetch_add(happened.len() as u64, Ordering::SeqCst);
        let mut wrong = self.mistakes(&plan, &outcome, &happened);
        self.line.clear_up();
        // The next try, when all is well again, completes what this one began.
        if chance.one_in(3) {
            match self.attempt(&plan) {
                Outcome::Done(Ok(())) => wrong.extend(self.mistakes(&plan, &Outcome::Done(Ok(())), &[])),
                Outcome::Done(Err(error)) => wrong.push(format!("the next run fails: {}", full_text(&error))),
                Outcome::Panicked | Outcome::Hangs => wrong.push("the next run panics or hangs".to_owned()),
            }
        }
        let mut tally = self.run.tally.lock().unwrap();
        tally.count(plan.work.name(), &outcome.word());
        if self.number > 0 && self.number.is_multiple_of(500) {
            println!("  {} faults", self.run.faults.load(Ordering::SeqCst));
        }
        happened.iter().for_each(|fault| tally.count("faults", &format!("{fault:?}")));
        let story = format!("{:?} of {:?} after {happened:?}", plan.work, self.run.images[plan.image].root);
        wrong.into_iter().for_each(|reason| tally.wrong(format!("try {}: {reason}\n{story}", self.number)));
    }

    /// What to do in which weather; the line begins it.
    fn plan(&self, chance: &mut Chance) -> Plan {
        let images = &self.run.images;
        let (image, before) = (chance.below(images.len()), chance.below(2 * images.len()));
        let before = Some(before).filter(|before| *before < images.len() && *before != image);
        let repository = |name: &str| format!("t{}/{name}", self.number);
        let reference =
            |name: &str| -> Reference { format!("{}/{}:1", self.line.address, repository(name)).parse().unwrap() };
        let (from, to) = (reference("source"), reference("target"));
        let output = self.folder.join(format!("out{}", self.number));
        let work = match chance.below(4) {
            0 => Work::Copy { from, to },
            1 => Work::Pull { from, layout: output },
            _ => Work::Push { layout: images[image].path().to_owned(), to },
        };
        let is_strict = chance.one_in(2);
        let mut contents = if is_strict { Contents::strict(chance.one_in(2)) } else { Contents::default() };
        if let Some(before) = before {
            store(&mut contents, &repository("target"), &images[before]);
        }
        store(&mut contents, &repository("source"), &images[image]);
        let has_lies = is_strict && chance.one_in(2);
        self.line.begin(Weather {
            contents,
            access: chance.pick(&[Access::Anyone, Access::Password, Access::Token]),
            one_in: chance.pick(&[2, 4, 8, 16]),
            has_lies,
            repositories: format!("t{}/", self.number),
            chance: Chance::new(chance.next(), 0),
        });
        let options = CopyOptions { concurrency: 1 + 3 * chance.below(2), referrers: chance.one_in(4) };
        Plan { work, options, image, before, has_lies }
    }

    /// Does it on a thread that is left alone if it hangs.
    fn attempt(&self, plan: &Plan) -> Outcome {
        let (sender, receiver) = channel();
        let (client, work, options) = (self.client.clone(), plan.work.clone(), plan.options);
        std::thread::spawn(move || {
            // Nobody listens any more if it took too long.
            let _ = sender.send(client.run(&work, options));
        });
        match receiver.recv_timeout(PATIENCE) {
            Ok(result) => Outcome::Done(result),
            Err(RecvTimeoutError::Disconnected) => Outcome::Panicked,
            Err(RecvTimeoutError::Timeout) => Outcome::Hangs,
        }
    }

    /// Everything that must not be.
    fn mistakes(&self, plan: &Plan, outcome: &Outcome, happened: &[Fault]) -> Vec<String> {
        let mut wrong = self.line.contents(Contents::unsound);
        wrong.extend(self.line.leaked().into_iter().map(|leak| format!("credentials went to another host: {leak}")));
        let root = self.run.images[plan.image].root;
        let lied = plan.has_lies && happened.iter().any(|fault| fault.is_lie());
        let is_done = matches!(outcome, Outcome::Done(Ok(())));
        match outcome {
            Outcome::Panicked => wrong.push("it panics".to_owned()),
            Outcome::Hangs => wrong.push(format!("it does not end within {} s", PATIENCE.as_secs())),
            Outcome::Done(Ok(())) => {}
            Outcome::Done(Err(error)) => wrong.extend(unclear(error)),
        }
        let found = match &plan.work {
            Work::Push { .. } | Work::Copy { .. } => {
                self.line.contents(|contents| contents.tagged(&format!("t{}/target", self.number), "1"))
            }
            Work::Pull { layout, .. } => whole_layout(layout).unwrap_or_else(|reason| {
                wrong.push(format!("{} is not whole: {reason}", layout.display()));
                None
            }),
        };
        let was = match plan.work {
            Work::Push { .. } | Work::Copy { .. } => plan.before.map(|before| self.run.images[before].root),
            Work::Pull { .. } => None,
        };
        if found != Some(root) && (found != was || (is_done && !lied)) {
            wrong.push(format!("{found:?} is there after {}", outcome.word()));
        }
        wrong
    }
}

/// What is wrong with an error: it says a secret, or that shipwheel itself has a fault.
fn unclear(error: &StoreError) -> Option<String> {
    let text = format!("{} {error:?}", full_text(error));
    let has_secret = text.contains(PASSWORD) || text.contains(TOKEN);
    (has_secret || error.kind() == shipwheel_store::ErrorKind::Internal).then(|| format!("the error says: {text}"))
}

fn full_text(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl Outcome {
    /// For the counts: an error by who can mend it.
    fn word(&self) -> String {
        match self {
            Self::Done(Ok(())) => "done".to_owned(),
            Self::Done(Err(error)) => format!("refused ({:?})", error.kind()).to_lowercase(),
            Self::Panicked => "panicked".to_owned(),
            Self::Hangs => "hung".to_owned(),
        }
    }
}
