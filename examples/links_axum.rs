//! Public links on a real web server: what a message leads to, answered by axum. Serves on 127.0.0.1 at a free port, asks
//! itself the story of one unsubscription, and ends.
//!
//! `cargo run --example links_axum`

use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use journeyman::channel::RecordingChannel;
use journeyman::link::{LinkKeys, MOST_BODY};
use journeyman::model::Evidence;
use journeyman::rule::TemplateDefinition;
use journeyman::store::MemoryStore;
use journeyman::{Consent, Contact, Engine, Event, Journey, link};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// All that a web server needs: five things in, three things out.
async fn visit(State(engine): State<Engine>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let text =
        |headers: &HeaderMap, name| headers.get(name).and_then(|value| Some(value.to_str().ok()?.to_owned()));
    let mut asked = link::Request::new(head.method.as_str(), head.uri.path()).body(body);
    asked.content_type = text(&head.headers, header::CONTENT_TYPE);
    asked.user_agent = text(&head.headers, header::USER_AGENT);

    let answer = engine.visit(&asked).await;
    let mut response = Response::new(answer.body.into());
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for line in &answer.headers {
        if let (Ok(name), Ok(value)) =
            (line.name().parse::<header::HeaderName>(), line.value().parse::<header::HeaderValue>())
        {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// One request as a mail program makes it, and the answer's status and body.
async fn ask(method: &str, url: &str, body: &str) -> std::io::Result<(String, String)> {
    let rest = url.trim_start_matches("http://");
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let kind = "application/x-www-form-urlencoded";
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    Ok((head.split(' ').nth(1).unwrap_or_default().to_owned(), body.to_owned()))
}

/// How many withdrawals are on record, and how much mail there is.
async fn on_record(engine: &Engine) -> Result<(usize, usize), journeyman::Error> {
    engine.tick().await?;
    let records = engine.store().consents(&"lea".into()).await?;
    Ok((records.len(), engine.store().inputs(&"lea".into(), 0, u64::MAX >> 1).await?.len()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}/l", listener.local_addr()?);
    let email = RecordingChannel::new("email");
    let engine = Engine::builder(Arc::new(MemoryStore::new()))
        .channel(email.clone())
        .links(LinkKeys::new(1, [7; 32]), base.parse()?)
        .build();
    let server = Router::new().route("/l/{token}", axum::routing::any(visit)).with_state(engine.clone());
    let server = tokio::spawn(async move { axum::serve(listener, server).await });

    let news =
        TemplateDefinition::new("news").subject("News").text("There is news. Enough: {{ link.unsubscribe }}");
    let journey =
        Journey::builder("news").enter_on("news").send("tell", "email", "news", "marketing").build()?;
    engine.publish([news.into(), journey.into()]).await?;
    engine.identify(Contact::new("lea").address("email", "lea@example.org")).await?;
    engine.consent(Consent::granted("lea", "marketing", "email", Evidence::new("form", "2026-11"))).await?;
    engine.track(Event::new("lea", "news")).await?;
    engine.tick().await?;
    let content = email.sent().remove(0).content;
    for line in &content.headers {
        let value = line.value().replace(&base, "http://127.0.0.1/l");
        println!("{}: {}", line.name(), value.get(..40).unwrap_or(&value));
    }
    let url = content.header("List-Unsubscribe").unwrap_or_default().trim_matches(['<', '>']).to_owned();

    let before = on_record(&engine).await?;
    for method in ["GET", "HEAD"] {
        let (status, page) = ask(method, &url, "").await?;
        let button = page.contains("<button");
        println!(
            "{method}: {status}, a page with a button: {button}; unchanged: {}",
            on_record(&engine).await? == before
        );
    }
    let (status, _) = ask("POST", &url, "List-Unsubscribe=One-Click").await?;
    let withdrawn = on_record(&engine).await?;
    println!("POST: {status}; {} record and {} mail more", withdrawn.0 - before.0, withdrawn.1 - before.1);
    let (status, _) = ask("POST", &url, "List-Unsubscribe=One-Click").await?;
    println!("POST again: {status}; unchanged: {}", on_record(&engine).await? == withdrawn);
    let other = if url.ends_with('A') { 'B' } else { 'A' };
    let forged = format!("{}{other}", &url[..url.len() - 1]);
    let (status, _) = ask("POST", &forged, "List-Unsubscribe=One-Click").await?;
    println!("forged: {status}; unchanged: {}", on_record(&engine).await? == withdrawn);
    engine.track(Event::new("lea", "news")).await?;
    engine.tick().await?;
    println!("messages to her after that: {}", email.sent().len() - 1);
    server.abort();
    Ok(())
}
