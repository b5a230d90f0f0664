//! Purpose: the `Http` port: fetch with a timeout. No answer in time is "unknown", never "failed".

use async_trait::async_trait;
use futures_util::future::{Either, select};
use muster_core::ports::{Http, HttpRequest, HttpResponse, NoAnswer};
use std::pin::pin;
use worker::{AbortController, Fetch, Headers, Method, Request, RequestInit, RequestRedirect};

/// Longer answers are none that Muster asks for.
const MAX_ANSWER: usize = 8 * 1_024 * 1_024;

pub struct FetchHttp;

fn build(request: HttpRequest) -> worker::Result<Request> {
    let headers = Headers::new();
    for (name, value) in &request.headers {
        headers.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::from(request.method.to_owned()))
        .with_headers(headers)
        .with_redirect(RequestRedirect::Manual);
    if !request.body.is_empty() {
        init.with_body(Some(js_sys::Uint8Array::from(request.body.as_slice()).into()));
    }
    Request::new_with_init(&request.url, &init)
}

async fn exchange(request: Request, signal: &worker::AbortSignal) -> worker::Result<HttpResponse> {
    let mut response = Fetch::Request(request).send_with_signal(signal).await?;
    let headers = response.headers().entries().map(|(name, value)| (name.to_lowercase(), value)).collect();
    let body = response.bytes().await?;
    if body.len() > MAX_ANSWER {
        return Err(worker::Error::RustError("an answer of unreasonable length".to_owned()));
    }
    Ok(HttpResponse { status: response.status_code(), headers, body })
}

#[async_trait(?Send)]
impl Http for FetchHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
        let timeout_ms = request.timeout_ms;
        let request = build(request).map_err(|error| NoAnswer(error.to_string()))?;
        let controller = AbortController::default();
        let signal = controller.signal();
        let exchange = pin!(exchange(request, &signal));
        let timeout = pin!(super::clock::sleep(timeout_ms));
        match select(exchange, timeout).await {
            Either::Left((Ok(response), _)) => Ok(response),
            Either::Left((Err(error), _)) => Err(NoAnswer(error.to_string())),
            Either::Right(_) => {
                controller.abort();
                Err(NoAnswer(format!("no answer within {} ms", timeout_ms)))
            }
        }
    }
}
