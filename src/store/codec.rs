//! The one encoding of every stored row: JSON that standard tools can read, behind the version of its form.
//!
//! A row is `{"v":1,"d":…}`. A version that this crate does not know is an error and never a guess.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;

const HEAD: &[u8] = br#"{"v":1,"d":"#;
const TAIL: &[u8] = b"}";

/// Encodes a row.
pub(super) fn encode<T: Serialize>(row: &'static str, value: &T) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(256);
    bytes.extend_from_slice(HEAD);
    serde_json::to_writer(&mut bytes, value)
        .map_err(|error| StoreError::Corrupt { row, reason: error.to_string() })?;
    bytes.extend_from_slice(TAIL);
    Ok(bytes)
}

/// Decodes a row.
pub(super) fn decode<T: DeserializeOwned>(row: &'static str, bytes: &[u8]) -> Result<T, StoreError> {
    let Some(json) = bytes.strip_prefix(HEAD).and_then(|rest| rest.strip_suffix(TAIL)) else {
        return Err(StoreError::Corrupt { row, reason: "its version is unknown".to_owned() });
    };
    // The message of serde_json can quote a value; line and column cannot.
    serde_json::from_slice(json).map_err(|error| StoreError::Corrupt {
        row,
        reason: format!("{:?} error at column {}", error.classify(), error.column()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_reads_back_and_another_version_is_refused() {
        let bytes = encode("test", &vec![1, 2, 3]).unwrap();
        assert_eq!(bytes, br#"{"v":1,"d":[1,2,3]}"#);
        assert_eq!(decode::<Vec<i32>>("test", &bytes).unwrap(), [1, 2, 3]);
        for wrong in [&br#"{"v":2,"d":[1]}"#[..], b"", b"{", br#"{"v":1,"d":["#] {
            assert!(decode::<Vec<i32>>("test", wrong).is_err());
        }
    }

    #[test]
    fn an_error_quotes_no_value() {
        let error = decode::<u8>("contact", br#"{"v":1,"d":"lea@example.org"}"#).unwrap_err();
        assert!(!error.to_string().contains("lea"), "{error}");
    }
}
