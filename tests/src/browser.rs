//! Purpose: `Browser`: somebody at the web pages, with cookies, links and forms as a browser has them.

use crate::World;
use muster_core::web::{Request, Response};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

const HERE: &str = "https://muster.test";
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";

/// Splits a path with a query into a request, as the shell does.
pub fn request(method: &str, target: &str) -> Request {
    let target = target.strip_prefix(HERE).unwrap_or(target);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Request {
        method: method.to_owned(),
        segments: path.trim_start_matches('/').split('/').map(str::to_owned).collect(),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        ..Request::default()
    }
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

impl World {
    /// A page or an answer of the API, for nobody in particular.
    pub async fn get(&self, target: &str) -> Response {
        self.send(request("GET", target)).await
    }

    /// Any request, with what it leaves to be done afterwards.
    pub async fn send(&self, request: Request) -> Response {
        let ctx = self.ctx();
        let response = muster_core::http(&ctx, request).await;
        self.run_after(&ctx).await;
        response
    }
}

pub struct Browser<'a> {
    pub world: &'a World,
    cookies: RefCell<BTreeMap<String, String>>,
    /// The form token of the page that was loaded last.
    pub form_token: RefCell<String>,
    /// What names a form of that page.
    once: RefCell<String>,
    /// Whether the browser says where a request comes from; the oldest do not.
    pub names_origin: Cell<bool>,
}

impl<'a> Browser<'a> {
    pub fn new(world: &'a World) -> Self {
        Self {
            world,
            cookies: RefCell::default(),
            form_token: RefCell::default(),
            once: RefCell::default(),
            names_origin: Cell::new(true),
        }
    }

    /// Somebody who signs in through Discord's page.
    pub async fn signed_in(world: &'a World, user: &str) -> Self {
        let browser = Self::new(world);
        let landed = browser.sign_in(user, "/sessions").await;
        assert_eq!(landed.status, 303, "{}", landed.body);
        browser.get("/sessions").await;
        browser
    }

    /// Begins at our button, agrees at Discord's page, and comes back. Gives the last answer.
    pub async fn sign_in(&self, user: &str, return_to: &str) -> Response {
        let query = self.begin(return_to).await;
        let target = self.agree(user, &query);
        self.get(&target).await
    }

    /// Agrees at Discord's page. Gives where that leads.
    pub fn agree(&self, user: &str, query: &str) -> String {
        let user = self.world.id(user);
        self.world.sim.borrow_mut().authorize(&user, query, None).expect("agreed")
    }

    /// Presses "Sign in". Gives the query that the browser goes to Discord with.
    pub async fn begin(&self, return_to: &str) -> String {
        let response = self.post("/auth/login", &[("return_to", return_to)]).await;
        let location = response.header("location").unwrap_or_else(|| panic!("{}", response.body)).to_owned();
        location.split_once('?').expect("a query").1.to_owned()
    }

    pub fn cookies(&self) -> BTreeMap<String, String> {
        self.cookies.borrow().clone()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    pub async fn get(&self, target: &str) -> Response {
        self.send(request("GET", target)).await
    }

    /// A form of this site, with what the page that was loaded last puts into each of its forms.
    pub async fn post(&self, target: &str, fields: &[(&str, &str)]) -> Response {
        let once = self.once.borrow().clone();
        let has_once = fields.iter().any(|(name, _)| *name == "once");
        let of_page = [("once", once.as_str())];
        self.post_bare(target, &[fields, if has_once { &[] } else { &of_page }].concat()).await
    }

    /// A form with the page's token and these fields only.
    pub async fn post_bare(&self, target: &str, fields: &[(&str, &str)]) -> Response {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("form_token", &self.form_token.borrow());
        body.extend_pairs(fields);
        let mut post = request("POST", target);
        post.headers.push(header("content-type", "application/x-www-form-urlencoded"));
        post.body = body.finish().into_bytes();
        self.send(post).await
    }

    /// The same, and the page that it leads to.
    pub async fn submit(&self, target: &str, fields: &[(&str, &str)]) -> Response {
        let response = self.post(target, fields).await;
        match response.header("location") {
            Some(location) if response.status == 303 => self.get(location).await,
            _ => response,
        }
    }

    pub async fn send(&self, mut request: Request) -> Response {
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.headers.push(header("cookie", &cookies.join("; ")));
        request.headers.push(header("user-agent", AGENT));
        if self.names_origin.get() && request.header("origin").is_none() && request.method != "GET" {
            request.headers.push(header("origin", HERE));
            request.headers.push(header("sec-fetch-site", "same-origin"));
        }
        let response = self.world.send(request).await;
        for (_, cookie) in response.headers.iter().filter(|(name, _)| *name == "set-cookie") {
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            if value.is_empty() {
                self.cookies.borrow_mut().remove(name);
            } else {
                self.set_cookie(name, value);
            }
        }
        for (name, kept) in [("form_token", &self.form_token), ("once", &self.once)] {
            if let Some((_, after)) = response.body.split_once(&format!("name=\"{name}\" value=\"")) {
                *kept.borrow_mut() = after.split('"').next().unwrap_or_default().to_owned();
            }
        }
        response
    }
}

/// What a page says, without its tags, blanks joined.
pub fn text(response: &Response) -> String {
    let mut text = String::new();
    let mut depth = 0_u32;
    for c in response.body.chars() {
        match c {
            '<' => depth += 1,
            '>' => {
                depth = depth.saturating_sub(1);
                text.push(' ');
            }
            c if depth == 0 => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace("&#38;", "&")
        .replace("&#39;", "'")
        .replace("&#34;", "\"")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
}
