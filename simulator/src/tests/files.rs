//! Purpose: files that people give to commands, and the links under which files are served.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Value, json};

use crate::{Delivery, NewFile, RestRequest, Sim};

use super::{channel_path, demo};

const LINE: &str = "/giveaway start prize:Lamp duration:10m";

/// The one attachment of a delivered command.
fn attachment(delivery: &Delivery) -> Value {
    let body: Value = serde_json::from_slice(&delivery.body).expect("json");
    let options = body["data"]["options"][0]["options"].as_array().expect("options");
    let option = options.iter().find(|option| option["type"] == 11).expect("an attachment option");
    body["data"]["resolved"]["attachments"][option["value"].as_str().expect("an id")].clone()
}

/// What `/cdn` serves for an address.
fn fetch(sim: &Sim, url: &Value) -> Option<(String, Vec<u8>)> {
    sim.file(url.as_str()?.split_once("/cdn")?.1)
}

#[test]
fn a_command_takes_a_file_by_line_and_by_value() {
    let mut sim = demo();
    let bytes = b"id,xp\n1,\xF0\x9F\x8E\x89\n".to_vec();
    let file = NewFile { filename: "levels.csv".into(), bytes: bytes.clone(), ..NewFile::default() };
    let delivery = sim.slash_with_file("jonas", "#general", LINE, &file).expect("usable");
    let sent = attachment(&delivery);
    assert_eq!(
        (&sent["filename"], &sent["size"], &sent["content_type"], &sent["ephemeral"]),
        (&json!("levels.csv"), &json!(bytes.len()), &json!("text/csv; charset=utf-8"), &json!(true))
    );
    assert_eq!(sent["url"], sent["proxy_url"]);
    assert_eq!(fetch(&sim, &sent["url"]), Some(("text/csv; charset=utf-8".into(), bytes)));

    let value =
        json!({"filename": "säck 1.bin", "content_type": "application/x-odd", "base64": BASE64.encode([0, 255, 7])});
    let options = json!([{"name": "prize", "value": "Lamp"}, {"name": "duration", "value": "10m"}, {"name": "picture", "value": value}]);
    let command = json!({"name": "giveaway", "options": [{"name": "start", "options": options}]});
    let sent = attachment(&sim.command("jonas", "#general", command).expect("usable"));
    assert_eq!(fetch(&sim, &sent["url"]), Some(("application/x-odd".into(), vec![0, 255, 7])));
    assert_eq!(sent["filename"], "säck 1.bin");
}

#[test]
fn files_that_cannot_be_are_refused() {
    let mut sim = demo();
    let file = |bytes: usize| NewFile { filename: "a.txt".into(), bytes: vec![b'x'; bytes], ..NewFile::default() };
    let limit = 10 * 1024 * 1024;
    assert!(sim.slash_with_file("jonas", "#general", LINE, &file(limit)).is_ok());
    let refused = sim.slash_with_file("jonas", "#general", LINE, &file(limit + 1)).map(|_| ());
    assert_eq!(refused.map_err(|refusal| refusal.code), Err("invalid_option"));
    let refused = sim.slash_with_file("jonas", "#general", "/about", &file(1)).map(|_| ());
    assert_eq!(refused.map_err(|refusal| refusal.code), Err("unknown_option"));
    for value in [json!({"filename": "a.txt", "base64": "not base64!"}), json!({"content": "no name"}), json!("")] {
        let options = json!([{"name": "prize", "value": "Lamp"}, {"name": "duration", "value": "10m"}, {"name": "picture", "value": value}]);
        let command = json!({"name": "giveaway", "options": [{"name": "start", "options": options}]});
        let refused = sim.command("jonas", "#general", command).map(|_| ());
        assert_eq!(refused.map_err(|refusal| refusal.code), Err("invalid_option"), "{value}");
    }
}

#[test]
fn links_end_after_a_day_and_messages_give_new_ones() {
    let mut sim = demo();
    let body = "--B\r\nContent-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json\r\n\r\n{}\r\n\
        --B\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--B--\r\n";
    let mut request = RestRequest::by_bot(&sim, "POST", &channel_path(&sim, "#general", "/messages"), None);
    request.headers.push(("content-type".into(), "multipart/form-data; boundary=B".into()));
    request.body = body.into();
    let (_, sent) = sim.rest(request).json().expect("answered");
    let url = sent["attachments"][0]["url"].clone();
    let text = Some(("text/plain".to_owned(), b"hello".to_vec()));
    assert_eq!(fetch(&sim, &url), text);
    for bad in [url.to_string().replace("ex=", "ex=f"), url.to_string().replace("a.txt?", "a.txt?x="), url.to_string()]
    {
        let bad = bad.trim_matches('"').replace("&hm=", "&hm=0");
        assert_eq!(fetch(&sim, &json!(bad)), None, "{bad}");
    }
    let bare = url.as_str().expect("text").split('?').next().expect("a path");
    assert_eq!(fetch(&sim, &json!(bare)), None);

    sim.set_now(sim.now() + 24 * 3_600 * 1_000);
    assert_eq!(fetch(&sim, &url), None);
    let path = channel_path(&sim, "#general", &format!("/messages/{}", sent["id"].as_str().expect("id")));
    let (_, again) = sim.rest_json("GET", &path, None);
    assert_eq!(fetch(&sim, &again["attachments"][0]["url"]), text);
}
