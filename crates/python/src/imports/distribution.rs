//! Which distribution brings a module, where its name does not say so.

/// The module and the distribution that most people mean by it; a new one is a row.
const KNOWN: [(&str, &str); 68] = [
    ("Crypto", "pycryptodome"),
    ("Cryptodome", "pycryptodomex"),
    ("IPython", "ipython"),
    ("Levenshtein", "levenshtein"),
    ("MySQLdb", "mysqlclient"),
    ("OpenSSL", "pyopenssl"),
    ("PIL", "pillow"),
    ("PyPDF2", "pypdf2"),
    ("allauth", "django-allauth"),
    ("attr", "attrs"),
    ("aws_cdk", "aws-cdk-lib"),
    ("bs4", "beautifulsoup4"),
    ("corsheaders", "django-cors-headers"),
    ("crispy_forms", "django-crispy-forms"),
    ("cv2", "opencv-python-headless"),
    ("dateutil", "python-dateutil"),
    ("debug_toolbar", "django-debug-toolbar"),
    ("decouple", "python-decouple"),
    ("discord", "discord.py"),
    ("distutils", "setuptools"),
    ("django_filters", "django-filter"),
    ("dns", "dnspython"),
    ("docx", "python-docx"),
    ("dotenv", "python-dotenv"),
    ("environ", "django-environ"),
    ("faiss", "faiss-cpu"),
    ("fitz", "pymupdf"),
    ("flask_cors", "flask-cors"),
    ("flask_sqlalchemy", "flask-sqlalchemy"),
    ("git", "gitpython"),
    ("google.api_core", "google-api-core"),
    ("google.auth", "google-auth"),
    ("google.genai", "google-genai"),
    ("google.generativeai", "google-generativeai"),
    ("google.oauth2", "google-auth"),
    ("google.protobuf", "protobuf"),
    ("grpc", "grpcio"),
    ("grpc_tools", "grpcio-tools"),
    ("jose", "python-jose"),
    ("jwt", "pyjwt"),
    ("ldap", "python-ldap"),
    ("llama_cpp", "llama-cpp-python"),
    ("magic", "python-magic"),
    ("markdown", "markdown"),
    ("memcache", "python-memcached"),
    ("multipart", "python-multipart"),
    ("nacl", "pynacl"),
    ("openid", "python3-openid"),
    ("pkg_resources", "setuptools"),
    ("psycopg", "psycopg[binary]"),
    ("psycopg2", "psycopg2-binary"),
    ("pythonjsonlogger", "python-json-logger"),
    ("rest_framework", "djangorestframework"),
    ("serial", "pyserial"),
    ("skimage", "scikit-image"),
    ("sklearn", "scikit-learn"),
    ("slugify", "python-slugify"),
    ("snowflake.connector", "snowflake-connector-python"),
    ("socketio", "python-socketio"),
    ("social_django", "social-auth-app-django"),
    ("sqlalchemy", "sqlalchemy"),
    ("storages", "django-storages"),
    ("telegram", "python-telegram-bot"),
    ("usb", "pyusb"),
    ("websocket", "websocket-client"),
    ("whitenoise", "whitenoise"),
    ("yaml", "pyyaml"),
    ("zmq", "pyzmq"),
];

/// Namespaces that distributions share, and how many parts of a module name its distribution.
const NAMESPACES: [(&str, usize); 18] = [
    ("azure.ai", 3),
    ("azure.cognitiveservices", 4),
    ("azure.keyvault", 3),
    ("azure.mgmt", 3),
    ("azure.storage", 3),
    ("azure", 2),
    ("backports", 2),
    ("google.cloud", 3),
    ("jaraco", 2),
    ("llama_index.core", 2),
    ("llama_index", 3),
    ("opentelemetry.exporter.otlp.proto", 5),
    ("opentelemetry.instrumentation", 3),
    ("opentelemetry.sdk", 2),
    ("opentelemetry", 2),
    ("ruamel", 2),
    ("sphinxcontrib", 2),
    ("zope", 2),
];

/// The distribution that probably brings a module: a known one, else the one of the same name.
pub fn distribution_of(module: &str) -> String {
    let is_of = |name: &str| module.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    if let Some((_, distribution)) = KNOWN.iter().find(|(name, _)| is_of(name)) {
        return (*distribution).to_owned();
    }
    let parts = NAMESPACES.iter().find(|(name, _)| is_of(name)).map_or(1, |(_, parts)| *parts);
    let named: Vec<&str> =
        module.split('.').take(parts).map(|part| if parts > 1 { unversioned(part) } else { part }).collect();
    named.join("-").to_lowercase().replace('_', "-")
}

/// `pubsub` of `pubsub_v1`: the modules of an interface's versions are in one distribution.
fn unversioned(part: &str) -> &str {
    let is_version =
        |version: &&str| version.strip_prefix('v').is_some_and(|it| it.starts_with(|c: char| c.is_ascii_digit()));
    part.rsplit_once('_').filter(|(_, version)| is_version(version)).map_or(part, |(name, _)| name)
}
