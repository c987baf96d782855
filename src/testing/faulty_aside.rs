//! What is set aside, through a store whose calls go wrong.

use async_trait::async_trait;

use super::faulty::FaultyStore;
use crate::machine::Input;
use crate::model::Deed;
use crate::port::store::{Aside, AsideRecord, NewAside, Receipt, Result};

#[async_trait]
impl Aside for FaultyStore {
    async fn set_aside(&self, events: &[NewAside]) -> Result<Vec<Option<u64>>> {
        self.around("set_aside", self.inner.set_aside(events)).await
    }

    async fn aside(&self, after: u64, limit: usize) -> Result<Vec<AsideRecord>> {
        self.around("aside", self.inner.aside(after, limit)).await
    }

    async fn aside_record(&self, id: u64) -> Result<Option<AsideRecord>> {
        self.around("aside_record", self.inner.aside_record(id)).await
    }

    async fn release_aside(&self, id: u64, input: &Input, by: &Deed) -> Result<Option<Receipt>> {
        self.around("release_aside", self.inner.release_aside(id, input, by)).await
    }

    async fn drop_aside(&self, id: u64, by: &Deed) -> Result<bool> {
        self.around("drop_aside", self.inner.drop_aside(id, by)).await
    }
}
