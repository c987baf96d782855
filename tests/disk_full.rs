//! A file that may not grow: every call says that it is full, nothing is lost or half there, and with room it goes on.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests

mod process;

use std::collections::BTreeMap;
use std::path::Path;

use futures::executor::block_on;
use journeyman::store::Durability;
use journeyman::{Error, StoreError};
use process::end::{End, check, end};
use process::log::{Log, lines};
use process::story::{Act, Host, done, story};
use process::{assert_whole, folder};

/// Which operations met the end of the file, and how often.
type Fulls = BTreeMap<&'static str, usize>;

const NO_LIMIT: u32 = 1 << 20;

/// Tells as much of the story as the file has room for. False where it was full before the end.
async fn tell(file: &Path, log: &Path, acts: &[Act], pages: u32, bio: usize, fulls: &mut Fulls) -> bool {
    let mut full = |error: &StoreError| match error {
        StoreError::Full { operation } => {
            assert!(error.is_retryable());
            *fulls.entry(operation).or_default() += 1;
        }
        other => panic!("a full file is Full and nothing else: {other}"),
    };
    let settings = |store: journeyman::store::SqliteStoreBuilder| {
        store.most_pages(pages).durability(Durability::Relaxed)
    };
    let host = match Host::open(file, settings, Log::open(log), bio).await {
        Ok(host) => host,
        Err(error) => {
            full(&error);
            return false;
        }
    };
    let mut stuck = None;
    loop {
        match host.tell(acts, done(&lines(log))).await {
            Ok(()) => return true,
            Err((act, Error::Store(error))) => {
                full(&error);
                // The same host tries once more: a smaller piece may fit, and nothing else has changed.
                if stuck == Some(act) {
                    return false;
                }
                stuck = Some(act);
            }
            Err((_, error)) => panic!("only the file is full in this story: {error}"),
        }
    }
}

/// Tells the story in a file that has `first` pages and is given `more` each time that it is full.
fn in_small_pieces(seed: u64, first: u32, more: u32, bio: usize, calm: &End, fulls: &mut Fulls) -> usize {
    let acts = story(seed);
    let folder = folder();
    let (file, log) = (folder.path().join("journeyman.db"), folder.path().join("log"));
    let (mut pages, mut rounds) = (first, 0);
    while !block_on(tell(&file, &log, &acts, pages, bio, fulls)) {
        assert_whole(&file, &format!("{pages} pages"));
        if done(&lines(&log)) > 0 {
            let seen = block_on(check(&file, &log, &acts));
            assert_eq!((seen.lost, seen.twice), (0, 0), "{pages} pages: {seen:?}");
        }
        pages += more;
        rounds += 1;
        assert!(rounds < 2_000, "the file grows and grows");
    }
    block_on(end(&file)).assert_like(calm, &format!("story {seed} from {first} pages by {more}"));
    rounds
}

fn calm(seed: u64, bio: usize) -> End {
    let folder = folder();
    let (file, log) = (folder.path().join("journeyman.db"), folder.path().join("log"));
    assert!(block_on(tell(&file, &log, &story(seed), NO_LIMIT, bio, &mut Fulls::new())));
    let end = block_on(end(&file));
    assert!(end.size().2 > 30);
    end
}

#[test]
fn a_file_that_grows_page_by_page_comes_to_the_same_end() {
    let mut fulls = Fulls::new();
    let mut rounds = 0;
    // Texts of other lengths make other operations the first that need a page.
    for (seed, bio) in [(0, 10), (1, 700), (2, 3_000), (3, 9_000)] {
        let calm = calm(seed, bio);
        for more in [1, 2, 3] {
            rounds += in_small_pieces(seed, 1, more, bio, &calm, &mut fulls);
        }
    }
    println!("{rounds} times full: {fulls:?}");
}
