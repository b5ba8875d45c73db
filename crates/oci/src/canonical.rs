//! One canonical way to write JSON, so that equal values are equal bytes.
//!
//! `oci-spec` keeps annotations, labels and ports in unordered maps: the same manifest
//! serialized in 20 processes gave 20 byte strings. Everything that is hashed goes
//! through here: keys sorted, no white space.

use serde::Serialize;
use serde_json::Value;

/// Writes a value as JSON with sorted keys and no white space.
///
/// # Panics
/// Never for the types of this workspace: their keys are strings and their maps finite.
pub fn canonical_json(value: &impl Serialize) -> Vec<u8> {
    let value = serde_json::to_value(value).expect("OCI types serialize to JSON values");
    canonical_value(value)
}

/// Writes a JSON value with sorted keys and no white space.
///
/// Sorting is explicit: with serde_json's `preserve_order` feature anywhere in the
/// dependency tree, maps would keep the order of insertion.
pub fn canonical_value(mut value: Value) -> Vec<u8> {
    value.sort_all_objects();
    serde_json::to_vec(&value).expect("a JSON value serializes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value: Value = serde_json::from_str(r#"{"b": [{"z": 1, "a": "ü\n"}], "a": null}"#).expect("valid");
        assert_eq!(canonical_value(value), r#"{"a":null,"b":[{"a":"ü\n","z":1}]}"#.as_bytes());
    }
}
