//! Events that were set aside, below all faults: nothing is judged here, so they are handed on.

use async_trait::async_trait;
use pollster::block_on;

use super::witness::Witness;
use crate::machine::Input;
use crate::model::Deed;
use crate::port::store::{Aside, AsideRecord, NewAside, Receipt, Result};

#[async_trait]
impl Aside for Witness {
    async fn set_aside(&self, events: &[NewAside]) -> Result<Vec<Option<u64>>> {
        block_on(self.store.set_aside(events))
    }

    async fn aside(&self, after: u64, limit: usize) -> Result<Vec<AsideRecord>> {
        block_on(self.store.aside(after, limit))
    }

    async fn aside_record(&self, id: u64) -> Result<Option<AsideRecord>> {
        block_on(self.store.aside_record(id))
    }

    async fn release_aside(&self, id: u64, input: &Input, by: &Deed) -> Result<Option<Receipt>> {
        block_on(self.store.release_aside(id, input, by))
    }

    async fn drop_aside(&self, id: u64, by: &Deed) -> Result<bool> {
        block_on(self.store.drop_aside(id, by))
    }
}
