//! Which call goes wrong, and how.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::fault::{ChannelFault, Fault};

/// A call of a store that is about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreCall {
    /// The method's name: `append`, `commit`.
    pub operation: &'static str,
    /// Its place among all calls of this store, from 1.
    pub nth: u64,
}

impl StoreCall {
    /// Puts a call together, as a test of a plan needs it.
    #[must_use]
    pub fn new(operation: &'static str, nth: u64) -> Self {
        Self { operation, nth }
    }
}

/// A call of a channel that is about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelCall<'a> {
    /// The channel's name.
    pub channel: &'a str,
    /// Its place among all calls of this channel, from 1; a batch is one call.
    pub nth: u64,
    /// How many messages the call carries.
    pub messages: usize,
}

impl<'a> ChannelCall<'a> {
    /// Puts a call together, as a test of a plan needs it.
    #[must_use]
    pub fn new(channel: &'a str, nth: u64, messages: usize) -> Self {
        Self { channel, nth, messages }
    }
}

/// Decides for each call whether it goes wrong; asked once for each, in the order in which they come.
///
/// ```
/// use std::sync::Arc;
/// use journeyman::StoreError;
/// use journeyman::port::store::Catalog;
/// use journeyman::store::MemoryStore;
/// use journeyman::testing::{Fault, FaultPlan, FaultyStore, StoreCall};
///
/// /// Whoever publishes first finds the store busy.
/// struct BusyAtFirst;
///
/// impl FaultPlan for BusyAtFirst {
///     fn on_store(&self, call: &StoreCall) -> Option<Fault> {
///         (call.operation == "publish" && call.nth <= 2).then_some(Fault::Busy)
///     }
/// }
///
/// # futures::executor::block_on(async {
/// let store = FaultyStore::new(Arc::new(MemoryStore::new())).plan(Arc::new(BusyAtFirst));
/// assert_eq!(store.revision().await?, 0);
/// assert!(matches!(store.publish(&[]).await, Err(StoreError::Busy { .. })));
/// store.publish(&[]).await?;
/// assert_eq!(store.fired_by_kind()["busy"], 1);
/// # Ok::<(), StoreError>(())
/// # }).unwrap();
/// ```
pub trait FaultPlan: Send + Sync {
    /// What goes wrong at this call of a store; nothing, unless said otherwise.
    fn on_store(&self, call: &StoreCall) -> Option<Fault> {
        let _ = call;
        None
    }

    /// What goes wrong at this call of a channel; nothing, unless said otherwise.
    fn on_channel(&self, call: &ChannelCall<'_>) -> Option<ChannelFault> {
        let _ = call;
        None
    }
}

/// A plan that names calls by their number; each goes wrong once.
///
/// ```
/// use journeyman::testing::{ChannelCall, ChannelFault, Fault, FaultPlan, Planned, StoreCall};
///
/// let plan = Planned::new();
/// plan.on_store_call(2, Fault::Full);
/// plan.on_channel_call(1, ChannelFault::Hang);
/// assert_eq!(plan.on_store(&StoreCall::new("append", 1)), None);
/// assert_eq!(plan.on_store(&StoreCall::new("commit", 2)), Some(Fault::Full));
/// assert_eq!(plan.on_store(&StoreCall::new("commit", 2)), None);
/// assert_eq!(plan.on_channel(&ChannelCall::new("email", 1, 50)), Some(ChannelFault::Hang));
/// ```
#[derive(Debug, Default)]
pub struct Planned {
    store: Mutex<BTreeMap<u64, Fault>>,
    channel: Mutex<BTreeMap<u64, ChannelFault>>,
}

impl Planned {
    /// A plan without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes one call of a store go wrong; calls count from 1, over all operations.
    pub fn on_store_call(&self, nth: u64, fault: Fault) {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).insert(nth, fault);
    }

    /// Makes one call of a channel go wrong; calls count from 1. Of several channels under one plan, the first to make so
    /// many calls.
    pub fn on_channel_call(&self, nth: u64, fault: ChannelFault) {
        self.channel.lock().unwrap_or_else(PoisonError::into_inner).insert(nth, fault);
    }
}

impl FaultPlan for Planned {
    fn on_store(&self, call: &StoreCall) -> Option<Fault> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).remove(&call.nth)
    }

    fn on_channel(&self, call: &ChannelCall<'_>) -> Option<ChannelFault> {
        self.channel.lock().unwrap_or_else(PoisonError::into_inner).remove(&call.nth)
    }
}
