//! `[layers]`: how the dependencies are grouped into layers, and how layers are compressed.

use shipwheel_layer::{Compression, FirstFiles, ZstdLevel};

use crate::group::GroupPolicy;
use crate::spec::section::{Located, Section};

/// The policies of grouping, and the compression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayersSpec {
    /// For wheels, by their size.
    pub wheels: GroupPolicy,
    /// For their bytecode, by the size of its sources.
    pub bytecode: GroupPolicy,
    /// For the layers that are not made of wheels: what wheels hold is compressed already.
    pub compression: Compression,
    /// The file that lists what a start reads, for lazy layers.
    pub first: Option<Located<String>>,
    /// What it lists: whoever reads the definition reads that file, too.
    pub first_files: FirstFiles,
}

impl Default for LayersSpec {
    fn default() -> Self {
        Self {
            wheels: GroupPolicy::WHEELS,
            bytecode: GroupPolicy::BYTECODE,
            compression: Compression::Gzip,
            first: None,
            first_files: FirstFiles::default(),
        }
    }
}

impl LayersSpec {
    /// For clients that fetch files when they are first read: each layer costs them requests and a mount before a start.
    pub fn lazy() -> Self {
        Self {
            wheels: GroupPolicy { heavy: 16 << 20, heavy_cap: 2, pure_buckets: 1, native_buckets: 1 },
            bytecode: GroupPolicy { heavy_cap: 0, pure_buckets: 1, native_buckets: 1, ..GroupPolicy::BYTECODE },
            compression: Compression::Estargz,
            ..Self::default()
        }
    }

    /// Compresses in another way than image.toml says; the number of layers follows where that says nothing of it.
    pub fn compress(&mut self, compression: Compression) {
        let [from, to] = match compression {
            Compression::Estargz => [Self::default(), Self::lazy()],
            Compression::Gzip | Compression::Zstd(_) => [Self::lazy(), Self::default()],
        };
        for (policy, from, to) in
            [(&mut self.wheels, from.wheels, to.wheels), (&mut self.bytecode, from.bytecode, to.bytecode)]
        {
            *policy = if *policy == from { to } else { *policy };
        }
        self.compression = compression;
    }
}

const KEYS: &[&str] = &["heavy", "most-heavy", "pure-buckets", "native-buckets"];

/// No policy may ask for more layers: runtimes stop at about 127.
const MAX_BUCKETS: i64 = 100;

pub(super) fn read_layers(top: &Section<'_>) -> LayersSpec {
    let keys = ["wheels", "bytecode", "compression", "compression-level", "lazy", "first"];
    let Some(layers) = top.section("layers", &keys) else { return LayersSpec::default() };
    let is_lazy = layers.boolean("lazy") == Some(true);
    let default = if is_lazy { LayersSpec::lazy() } else { LayersSpec::default() };
    let read = |key, policy| layers.section(key, KEYS).map_or(policy, |section| read_policy(&section, policy));
    let compression = match read_compression(&layers) {
        Compression::Zstd(_) if is_lazy => {
            let message = "`layers.lazy` is for gzip, and `layers.compression` is \"zstd\"";
            layers.report_at(layers.start(), message.to_owned());
            default.compression
        }
        Compression::Gzip | Compression::Estargz if is_lazy => Compression::Estargz,
        other => other,
    };
    LayersSpec {
        wheels: read("wheels", default.wheels),
        bytecode: read("bytecode", default.bytecode),
        compression,
        first: layers.text("first"),
        ..default
    }
}

/// `"gzip"`, or `"zstd"` with a level.
fn read_compression(layers: &Section<'_>) -> Compression {
    let (name, level) = (layers.text("compression"), layers.integer("compression-level"));
    let is_zstd = match &name {
        Some(name) if name.value == "zstd" => true,
        Some(name) if name.value != "gzip" => {
            let message = format!("`layers.compression` is `{}`, expected \"gzip\" or \"zstd\"", name.value);
            layers.report_at(name.span.clone(), message);
            // Its level may be right.
            return Compression::Gzip;
        }
        Some(_) | None => false,
    };
    let Some(level) = level else {
        return if is_zstd { Compression::Zstd(ZstdLevel::DEFAULT) } else { Compression::Gzip };
    };
    match ZstdLevel::new(level.value) {
        _ if !is_zstd => {
            let message = "`layers.compression-level` is for zstd; gzip has one level, which all digests depend on";
            layers.report_at(level.span, message.to_owned());
        }
        Some(level) => return Compression::Zstd(level),
        None => {
            let message = format!("`layers.compression-level` is {}, expected 1 to 19", level.value);
            layers.report_at(level.span, message);
        }
    }
    Compression::Gzip
}

fn read_policy(section: &Section<'_>, default: GroupPolicy) -> GroupPolicy {
    let count = |key: &str, least: i64, default: u32| match section.integer(key) {
        Some(Located { value, .. }) if (least..=MAX_BUCKETS).contains(&value) => {
            u32::try_from(value).unwrap_or(default)
        }
        Some(found) => {
            let key = section.path(key);
            section.report_at(found.span, format!("`{key}` is {}, expected {least} to {MAX_BUCKETS}", found.value));
            default
        }
        None => default,
    };
    GroupPolicy {
        heavy: read_size(section).unwrap_or(default.heavy),
        heavy_cap: count("most-heavy", 0, u32::try_from(default.heavy_cap).unwrap_or(0)) as usize,
        pure_buckets: count("pure-buckets", 1, default.pure_buckets),
        native_buckets: count("native-buckets", 1, default.native_buckets),
    }
}

/// A size such as `"256 KiB"`; `None` if it is not set.
fn read_size(section: &Section<'_>) -> Option<u64> {
    let text = section.text("heavy")?;
    let (number, unit) =
        text.value.split_at(text.value.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.value.len()));
    let factor = match unit.trim() {
        "B" => Some(1),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    };
    let size = number.parse::<u64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    if size.is_none() {
        let key = section.path("heavy");
        section.report_at(text.span, format!("`{key}` is `{}`, expected a size such as \"256 KiB\"", text.value));
    }
    size
}

#[cfg(test)]
mod tests {
    use shipwheel_layer::Compression;

    use crate::group::GroupPolicy;
    use crate::spec::ImageSpec;

    #[test]
    fn a_compression_is_read_with_its_level() {
        for (lines, expected) in [
            ("", Ok("gzip")),
            ("lazy = false", Ok("gzip")),
            ("lazy = true", Ok("estargz")),
            ("lazy = true\ncompression = \"gzip\"", Ok("estargz")),
            ("lazy = true\ncompression = \"zstd\"", Err("`layers.lazy` is for gzip")),
            ("compression = \"estargz\"", Err("expected \"gzip\" or \"zstd\"")),
            ("compression = \"gzip\"", Ok("gzip")),
            ("compression = \"zstd\"", Ok("zstd:3")),
            ("compression = \"zstd\"\ncompression-level = 19", Ok("zstd:19")),
            (
                "compression = \"zstd\"\ncompression-level = 20",
                Err("`layers.compression-level` is 20, expected 1 to 19"),
            ),
            ("compression-level = 3", Err("`layers.compression-level` is for zstd; gzip has one level")),
            ("compression = \"xz\"", Err("`layers.compression` is `xz`, expected \"gzip\" or \"zstd\"")),
            ("compression = 3", Err("`layers.compression` is an integer, expected a string")),
        ] {
            let read = ImageSpec::parse(&format!("base.image = \"x\"\n[layers]\n{lines}"), "image.toml", None);
            match (read, expected) {
                (Ok(spec), expected) => {
                    assert_eq!(expected.map(str::parse::<Compression>), Ok(Ok(spec.layers.compression)), "{lines}");
                }
                (Err(error), expected) => {
                    let expected = expected.expect_err(lines);
                    assert!(error.to_string().contains(expected), "{error}");
                }
            }
        }
    }

    #[test]
    fn a_policy_is_read_and_what_it_does_not_name_stays() {
        let toml = "[layers.wheels]\nheavy = \"1 MiB\"\nmost-heavy = 8\n[layers.bytecode]\npure-buckets = 1";
        let layers = ImageSpec::parse(toml, "image.toml", None).expect("valid").layers;
        assert_eq!(layers.wheels, GroupPolicy { heavy: 1 << 20, heavy_cap: 8, ..GroupPolicy::WHEELS });
        assert_eq!(layers.bytecode, GroupPolicy { pure_buckets: 1, ..GroupPolicy::BYTECODE });
    }

    #[test]
    fn invalid_sizes_and_counts_are_problems() {
        for (line, expected) in [
            ("heavy = \"1 MB\"", "image.toml:2: `layers.wheels.heavy` is `1 MB`, expected a size such as \"256 KiB\""),
            ("heavy = 7", "image.toml:2: `layers.wheels.heavy` is an integer, expected a string"),
            ("most-heavy = 101", "image.toml:2: `layers.wheels.most-heavy` is 101, expected 0 to 100"),
            ("pure-buckets = 0", "image.toml:2: `layers.wheels.pure-buckets` is 0, expected 1 to 100"),
            ("buckets = 1", "image.toml:2: unknown key `buckets` in `layers.wheels`"),
        ] {
            let text = format!("[layers.wheels]\n{line}");
            let error = ImageSpec::parse(&text, "image.toml", None).expect_err(expected).to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
