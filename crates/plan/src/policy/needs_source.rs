//! Distributions that read Python sources at run time, so that removing theirs breaks them, often silently.

use memchr::memmem;

/// Distribution and what it reads sources for, sorted by name.
const KNOWN: &[(&str, &str)] = &[
    ("accelerate", "shows the source of launched functions"),
    ("alembic", "loads migrations from sources unless told `sourceless`"),
    ("beartype", "rewrites sources on import"),
    ("dagster", "reads the source of assets"),
    ("dask", "hashes the source of tasks"),
    ("dill", "pickles functions by their source"),
    ("executing", "finds the running statement in the source"),
    ("flask-restx", "serves files beside its sources"),
    ("hypothesis", "reads the source of lambdas"),
    ("icecream", "prints the source of its arguments"),
    ("ipython", "reads the source of what is inspected"),
    ("jax", "reads sources for error messages"),
    ("marimo", "reads the source of notebooks"),
    ("numba", "keys its cache by the source file"),
    ("pip", "is replaced file by file"),
    ("prefect", "reads the source of flows"),
    ("pydantic", "reads attribute docstrings out of the source (`use_attribute_docstrings`)"),
    ("pydantic-settings", "reads attribute docstrings out of the source"),
    ("pytest", "rewrites asserts in the source"),
    ("ray", "ships functions by their source"),
    ("setuptools", "reads the source of projects"),
    ("sphinx", "reads the source of what it documents"),
    ("stack-data", "shows the source of frames"),
    ("streamlit", "runs scripts from their source"),
    ("sympy", "prints functions from their source"),
    ("taichi", "compiles functions from their source"),
    ("tensorflow", "compiles functions from their source (AutoGraph)"),
    ("torch", "compiles functions from their source (TorchScript)"),
    ("transformers", "builds documentation out of its own source"),
    ("triton", "compiles kernels from their source"),
    ("typeguard", "rewrites sources on import"),
    ("varname", "finds names in the source of its caller"),
];

/// What a distribution reads sources for, if it is known to.
pub fn needs_source(distribution: &str) -> Option<&'static str> {
    KNOWN.binary_search_by(|(name, _)| (*name).cmp(distribution)).ok().map(|found| KNOWN[found].1)
}

/// Texts that show that a module reads sources at run time.
const SIGNS: [&str; 4] = ["inspect.getsource(", "getsourcelines(", "use_attribute_docstrings=True", "dill.source"];

/// The sign in a module's text that it reads sources at run time, if there is one.
///
/// Facts about wheels are kept: a change of the signs raises RECORD_RECIPE in the builder's wheel/wheels.rs.
pub fn source_reader(text: &[u8]) -> Option<&'static str> {
    SIGNS.into_iter().find(|sign| memmem::find(text, sign.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_so_that_each_is_found() {
        assert!(KNOWN.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(KNOWN.iter().all(|(name, _)| needs_source(name).is_some()));
        assert_eq!(needs_source("six"), None);
    }

    #[test]
    fn a_module_that_reads_sources_shows_it() {
        for (text, expected) in [
            ("import inspect\nx = inspect.getsource(f)", Some("inspect.getsource(")),
            ("ConfigDict(use_attribute_docstrings=True)", Some("use_attribute_docstrings=True")),
            ("import inspect\ninspect.signature(f)", None),
            ("", None),
        ] {
            assert_eq!(source_reader(text.as_bytes()), expected, "{text}");
        }
    }
}
