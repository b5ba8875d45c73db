//! Calls and settings that make an application write to a file or a folder; a new one is a row.

/// What is at the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A folder.
    Folder,
    /// A file.
    File,
    /// A file, if the argument after it says that it is written: `open(path, "w")`.
    Opened,
}

use Kind::{File, Folder, Opened};

/// Functions by their full names: which argument is the path, counted from 0 and by name.
pub(super) const FUNCTIONS: [(&[&str], usize, &str, Kind); 14] = [
    (&["os.makedirs", "os.mkdir"], 0, "name", Folder),
    (&["open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open", "aiofiles.open"], 0, "file", Opened),
    (&["sqlite3.connect", "aiosqlite.connect", "duckdb.connect", "apsw.Connection"], 0, "database", File),
    (
        &["peewee.SqliteDatabase", "playhouse.sqlite_ext.SqliteExtDatabase", "sqlitedict.SqliteDict"],
        0,
        "filename",
        File,
    ),
    (&["tinydb.TinyDB", "shelve.open", "dbm.open", "pickledb.load"], 0, "filename", File),
    (&["logging.FileHandler", "logging.handlers.RotatingFileHandler"], 0, "filename", File),
    (&["logging.handlers.TimedRotatingFileHandler", "logging.handlers.WatchedFileHandler"], 0, "filename", File),
    (&["logging.basicConfig"], usize::MAX, "filename", File),
    (&["loguru.logger.add"], 0, "sink", File),
    (&["chromadb.PersistentClient", "lancedb.connect"], 0, "path", Folder),
    (&["diskcache.Cache", "diskcache.FanoutCache"], 0, "directory", Folder),
    (&["joblib.Memory"], 0, "location", Folder),
    (&["shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.move", "joblib.dump", "torch.save"], 1, "dst", File),
    (&["numpy.save", "numpy.savez", "numpy.savetxt", "cv2.imwrite", "matplotlib.pyplot.savefig"], 0, "file", File),
];

/// Methods of paths.
pub(super) const METHODS: [(&str, Kind); 5] =
    [("mkdir", Folder), ("touch", File), ("write_text", File), ("write_bytes", File), ("open", Opened)];

/// Methods of other values, whose first argument is the path of a file that they write.
pub(super) const WRITERS: [&str; 7] =
    ["savefig", "to_csv", "to_excel", "to_feather", "to_json", "to_parquet", "to_pickle"];

/// Variables, keys and arguments whose value is the path, and how it ends; nothing for a folder.
pub(super) const SETTINGS: [(&str, Kind, &[&str]); 11] = [
    ("MEDIA_ROOT", Folder, &[]),
    ("FILE_UPLOAD_TEMP_DIR", Folder, &[]),
    ("UPLOAD_FOLDER", Folder, &[]),
    ("UPLOADS_FOLDER", Folder, &[]),
    ("UPLOAD_DIR", Folder, &[]),
    ("UPLOADED_FILES_DEST", Folder, &[]),
    ("CACHE_DIR", Folder, &[]),
    ("SESSION_FILE_DIR", Folder, &[]),
    ("NAME", File, &DATABASES),
    ("DATABASE", File, &DATABASES),
    ("filename", File, &[".log"]),
];

/// How the names of databases in one file end.
const DATABASES: [&str; 4] = [".db", ".db3", ".sqlite", ".sqlite3"];

/// Functions that give a variable of the environment, or what is given for its absence.
pub(super) const VARIABLES: [&str; 3] = ["os.environ.get", "os.getenv", "decouple.config"];

/// Functions whose value is the path that they are given.
pub(super) const SAME: [&str; 7] = [
    "os.fspath",
    "os.path.abspath",
    "os.path.expanduser",
    "os.path.expandvars",
    "os.path.normpath",
    "os.path.realpath",
    "str",
];

/// Methods of a path whose value is the same path.
pub(super) const SAME_METHODS: [&str; 6] = ["absolute", "as_posix", "expanduser", "resolve", "rstrip", "strip"];
