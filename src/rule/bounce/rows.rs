//! The codes, as dated data.

use super::Bounce::{self, Blocked, Complaint, Hard, Reply, Reputation, Soft};

/// What one code of one provider means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// Whose code.
    pub provider: &'static str,
    /// The code in small letters, or how codes of its kind begin: `5.7` is every `5.7.x`.
    pub code: &'static str,
    /// What it means.
    pub means: Bounce,
    /// Where that is written.
    pub source: &'static str,
    /// When it was looked up.
    pub as_of: &'static str,
}

impl Row {
    /// Whether a code is this one, or begins with it at a whole part.
    pub(super) fn is(&self, code: &str) -> bool {
        let rest = code.strip_prefix(self.code);
        rest.is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_ascii_alphanumeric()))
    }
}

const fn row(provider: &'static str, code: &'static str, means: Bounce, source: &'static str) -> Row {
    Row { provider, code, means, source, as_of: "2026-11-20" }
}

/// One that was looked up with the providers of mail.
const fn mail(provider: &'static str, code: &'static str, means: Bounce, source: &'static str) -> Row {
    Row { provider, code, means, source, as_of: "2026-11-23" }
}

const CODES: &str = "RFC 3463, IANA registry of SMTP enhanced status codes";
const REPLIES: &str = "RFC 5321, section 4.2";
const REPORTS: &str = "RFC 5965";
const SES: &str = "Amazon SES: notification contents, bounce types";
const USUAL: &str = "what the providers of mail in this table call it";
const BREVO: &str = "Brevo: names of transactional email events";
const MAILGUN: &str = "Mailgun: event types";
const MAILJET: &str = "Mailjet: event types";
const POSTMARK: &str = "Postmark: bounce types";
const SENDGRID: &str = "Twilio SendGrid: event webhook reference";
const OURS: &str = "the words of `Bounce`";
const TWILIO: &str = "Twilio: error and warning dictionary";
const TELNYX: &str = "Telnyx: messaging error codes";
const APNS: &str = "Apple: handling notification responses from APNs";
const FCM: &str = "Firebase: FCM error codes";
const PUSH: &str = "RFC 8030, section 7.3";
const WHATSAPP: &str = "Meta: WhatsApp Cloud API error codes";

/// Every code that is known.
pub const ROWS: &[Row] = &[
    row("smtp", "5.1.1", Hard, CODES),
    row("smtp", "5.1.2", Hard, CODES),
    row("smtp", "5.1.3", Hard, CODES),
    row("smtp", "5.1.6", Hard, CODES),
    row("smtp", "5.1.10", Hard, CODES),
    row("smtp", "5.2.1", Hard, CODES),
    row("smtp", "5.1.7", Reputation, CODES),
    row("smtp", "5.1.8", Reputation, CODES),
    row("smtp", "5.1", Soft, CODES),
    row("smtp", "5.2", Soft, CODES),
    row("smtp", "5.2.3", Reputation, CODES),
    row("smtp", "5.3.4", Reputation, CODES),
    row("smtp", "5.5", Reputation, CODES),
    row("smtp", "5.6", Reputation, CODES),
    row("smtp", "5.7", Reputation, CODES),
    row("smtp", "4.7", Reputation, CODES),
    row("smtp", "4", Soft, CODES),
    row("smtp", "5", Soft, CODES),
    row("smtp", "421", Soft, REPLIES),
    row("smtp", "450", Soft, REPLIES),
    row("smtp", "451", Soft, REPLIES),
    row("smtp", "452", Soft, REPLIES),
    row("smtp", "550", Soft, REPLIES),
    row("smtp", "552", Soft, REPLIES),
    row("smtp", "554", Reputation, REPLIES),
    row("smtp", "auto-replied", Reply, "RFC 3834"),
    row("smtp", "auto-generated", Reply, "RFC 3834"),
    row("arf", "abuse", Complaint, REPORTS),
    row("arf", "fraud", Complaint, REPORTS),
    row("arf", "opt-out", Complaint, REPORTS),
    row("arf", "other", Complaint, REPORTS),
    row("arf", "virus", Reputation, REPORTS),
    row("arf", "not-spam", Reply, "RFC 6430"),
    row("signal-spam", "complaint", Complaint, "Signal Spam: feedback loop"),
    row("ses", "permanent", Hard, SES),
    row("ses", "permanent.general", Hard, SES),
    row("ses", "permanent.noemail", Hard, SES),
    row("ses", "permanent.suppressed", Hard, SES),
    row("ses", "transient", Soft, SES),
    row("ses", "transient.contentrejected", Reputation, SES),
    row("ses", "transient.messagetoolarge", Reputation, SES),
    row("ses", "undetermined", Soft, SES),
    row("ses", "complaint", Complaint, SES),
    row("twilio", "21610", Blocked, TWILIO),
    row("twilio", "21211", Hard, TWILIO),
    row("twilio", "21614", Hard, TWILIO),
    row("twilio", "30003", Soft, TWILIO),
    row("twilio", "30004", Soft, TWILIO),
    row("twilio", "30005", Hard, TWILIO),
    row("twilio", "30006", Hard, TWILIO),
    row("twilio", "30007", Reputation, TWILIO),
    row("twilio", "30008", Soft, TWILIO),
    row("telnyx", "40300", Blocked, TELNYX),
    row("telnyx", "40310", Hard, TELNYX),
    row("telnyx", "40001", Hard, TELNYX),
    row("telnyx", "40002", Reputation, TELNYX),
    row("telnyx", "40003", Reputation, TELNYX),
    row("apns", "410", Hard, APNS),
    row("apns", "unregistered", Hard, APNS),
    row("apns", "baddevicetoken", Soft, APNS),
    row("apns", "devicetokennotfortopic", Reputation, APNS),
    row("fcm", "unregistered", Hard, FCM),
    row("fcm", "invalid_argument", Reputation, FCM),
    row("fcm", "sender_id_mismatch", Reputation, FCM),
    row("web-push", "404", Hard, PUSH),
    row("web-push", "410", Hard, PUSH),
    row("web-push", "413", Reputation, PUSH),
    row("whatsapp", "131026", Soft, WHATSAPP),
    row("whatsapp", "131047", Reputation, WHATSAPP),
    row("whatsapp", "131049", Reputation, WHATSAPP),
    row("whatsapp", "131050", Blocked, WHATSAPP),
    row("whatsapp", "131056", Reputation, WHATSAPP),
    mail("brevo", "hard_bounce", Hard, BREVO),
    mail("brevo", "soft_bounce", Soft, BREVO),
    mail("brevo", "hardbounce", Hard, BREVO),
    mail("brevo", "softbounce", Soft, BREVO),
    mail("brevo", "invalid_email", Hard, BREVO),
    mail("brevo", "deferred", Soft, BREVO),
    mail("brevo", "blocked", Reputation, BREVO),
    mail("brevo", "error", Reputation, BREVO),
    mail("brevo", "spam", Complaint, BREVO),
    mail("brevo", "unsubscribed", Blocked, BREVO),
    mail("brevo", "unsubscribe", Blocked, BREVO),
    mail("mailgun", "temporary", Soft, MAILGUN),
    mail("mailgun", "complained", Complaint, MAILGUN),
    mail("mailgun", "unsubscribed", Blocked, MAILGUN),
    mail("mailgun", "suppress-bounce", Hard, MAILGUN),
    mail("mailgun", "suppress-complaint", Complaint, MAILGUN),
    mail("mailgun", "suppress-unsubscribe", Blocked, MAILGUN),
    mail("mailjet", "spam", Complaint, MAILJET),
    mail("mailjet", "unsub", Blocked, MAILJET),
    mail("postmark", "hardbounce", Hard, POSTMARK),
    mail("postmark", "bademailaddress", Hard, POSTMARK),
    mail("postmark", "softbounce", Soft, POSTMARK),
    mail("postmark", "transient", Soft, POSTMARK),
    mail("postmark", "dnserror", Soft, POSTMARK),
    mail("postmark", "blocked", Reputation, POSTMARK),
    mail("postmark", "spamnotification", Reputation, POSTMARK),
    mail("postmark", "virusnotification", Reputation, POSTMARK),
    mail("postmark", "dmarcpolicy", Reputation, POSTMARK),
    mail("postmark", "autoresponder", Reply, POSTMARK),
    mail("postmark", "addresschange", Reply, POSTMARK),
    mail("postmark", "challengeverification", Reply, POSTMARK),
    mail("postmark", "spamcomplaint", Complaint, POSTMARK),
    mail("postmark", "unsubscribe", Blocked, POSTMARK),
    mail("postmark", "manuallydeactivated", Blocked, POSTMARK),
    mail("sendgrid", "bounce", Hard, SENDGRID),
    mail("sendgrid", "blocked", Soft, SENDGRID),
    mail("sendgrid", "deferred", Soft, SENDGRID),
    mail("sendgrid", "spamreport", Complaint, SENDGRID),
    mail("sendgrid", "unsubscribe", Blocked, SENDGRID),
    mail("sendgrid", "group_unsubscribe", Blocked, SENDGRID),
    mail("any", "hard", Hard, OURS),
    mail("any", "soft", Soft, OURS),
    mail("any", "reputation", Reputation, OURS),
    mail("any", "complaint", Complaint, OURS),
    mail("any", "blocked", Blocked, OURS),
    mail("any", "reply", Reply, OURS),
    mail("any", "complained", Complaint, USUAL),
    mail("any", "spam", Complaint, USUAL),
    mail("any", "abuse", Complaint, USUAL),
    mail("any", "hard_bounce", Hard, USUAL),
    mail("any", "hard-bounce", Hard, USUAL),
    mail("any", "hardbounce", Hard, USUAL),
    mail("any", "soft_bounce", Soft, USUAL),
    mail("any", "soft-bounce", Soft, USUAL),
    mail("any", "softbounce", Soft, USUAL),
    mail("any", "spamreport", Complaint, USUAL),
    mail("any", "spamcomplaint", Complaint, USUAL),
    mail("any", "unsubscribe", Blocked, USUAL),
    mail("any", "unsubscribed", Blocked, USUAL),
];
