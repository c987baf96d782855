//! Three ways to be left alone: a withdrawal that waits for what is under way, an address on the suppression list, an
//! erasure. Each is in force when its call returns.

use std::sync::Arc;

use journeyman::channel::RecordingChannel;
use journeyman::machine::Withdrawal;
use journeyman::model::{ConsentRecord, Evidence};
use journeyman::rule::TemplateDefinition;
use journeyman::store::MemoryStore;
use journeyman::{Consent, Contact, Engine, Error, Event, Journey};

fn main() -> Result<(), Error> {
    let sms = RecordingChannel::new("sms");
    futures::executor::block_on(async {
        let engine = Engine::builder(Arc::new(MemoryStore::new())).channel(sms.clone()).build();
        let journey =
            Journey::builder("news").enter_on("news").send("tell", "sms", "news", "service").build()?;
        engine
            .publish([TemplateDefinition::new("news").text("There is news.").into(), journey.into()])
            .await?;
        // Léa and Lou share a phone.
        for (id, phone) in [("lea", "01"), ("lou", "01"), ("tom", "02"), ("zoe", "03")] {
            engine.identify(Contact::new(id).address("sms", format!("+336399800{phone}"))).await?;
            let evidence = Evidence::new("form", "2026-03").committed(b"salt", b"the form as it was sent");
            engine.consent(Consent::granted(id, "service", "sms", evidence)).await?;
            engine.track(Event::new(id, "news")).await?;
        }
        engine.advance().await?; // four messages are decided; none has left

        let stop = Withdrawal::everything("lea", Evidence::new("sms keyword", "STOP")).on_channel("sms");
        let drain = engine.withdraw_and_drain(&stop).await?;
        println!("withdrawn; all that was under way has ended: {}", drain.is_done());
        engine.suppress("sms", "+33639980002", None, "hard bounce").await?;
        println!("erased: {}", engine.erase(&"zoe".into()).await?);

        let tick = engine.tick().await?;
        println!(
            "then a tick: {} accepted, {} refused; {} channel calls",
            tick.accepted,
            tick.refused,
            sms.calls()
        );
        for id in ["lea", "lou", "tom", "zoe"] {
            for record in engine.store().messages(&id.into()).await? {
                let answer = record.answer.map_or("it had not begun".into(), |answer| format!("{answer:?}"));
                println!("  {id}: {:?}, {answer}", record.status);
            }
        }
        let proof = engine.store().consents(&"zoe".into()).await?;
        println!(
            "{} record(s) of zoe stay as proof, unbroken: {}",
            proof.len(),
            ConsentRecord::verify(&proof)
        );
        println!("telling of zoe again: {:?}", engine.identify(Contact::new("zoe")).await);
        Ok(())
    })
}
