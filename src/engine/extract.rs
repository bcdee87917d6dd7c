//! Extractors: typed path parameters, query and body as arguments of a rule.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::de::value::{Error as ValueError, MapDeserializer};

use crate::engine::call::Call;
use crate::engine::cx::Cx;
use crate::engine::refusal::Refusal;
use crate::engine::reply::Outcome;
use crate::spec::{ParameterIn, Rule, Violation};

/// A rule behind one signature for all.
pub type BoxedHandler = Box<dyn Fn(&mut Cx<'_>) -> Outcome + Send + Sync>;

/// An argument of a rule besides its context.
pub trait Extract: Sized {
    /// Reads it from the call.
    ///
    /// # Errors
    /// When the call does not have it.
    fn extract(call: &Call<'_>) -> Result<Self, Refusal>;
}

/// The parameters of the path.
pub struct Params<T>(pub T);

/// The query, if it is valid; a member of a struct each, repeated names in a `Vec`.
pub struct Query<T>(pub T);

/// The body, if it is valid.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> Extract for Params<T> {
    fn extract(call: &Call<'_>) -> Result<Self, Refusal> {
        let pairs = call.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        T::deserialize(MapDeserializer::new(pairs)).map(Self).map_err(|error: ValueError| unreadable(ParameterIn::Path, error.to_string()))
    }
}

impl<T: DeserializeOwned> Extract for Query<T> {
    fn extract(call: &Call<'_>) -> Result<Self, Refusal> {
        call.valid()?;
        let text = serde_html_form::to_string(&call.query).expect("pairs of texts are a form");
        serde_html_form::from_str(&text).map(Self).map_err(|error| unreadable(ParameterIn::Query, error.to_string()))
    }
}

impl<T: DeserializeOwned> Extract for Json<T> {
    fn extract(call: &Call<'_>) -> Result<Self, Refusal> {
        call.valid()?;
        T::deserialize(&call.body).map(Self).map_err(|error| unreadable(ParameterIn::Body, error.to_string()))
    }
}

fn unreadable(location: ParameterIn, message: String) -> Refusal {
    Refusal::Invalid(Arc::new(vec![Violation { location, path: Vec::new(), value: None, rule: Rule::Other(message) }]))
}

/// A function that is a rule: `cx` first, extractors after.
pub trait Handler<A> {
    /// The function behind one signature for all.
    fn boxed(self) -> BoxedHandler;
}

macro_rules! handler {
    ($($name:ident),*) => {
        impl<F, $($name: Extract),*> Handler<($($name,)*)> for F
        where
            F: Fn(&mut Cx<'_>, $($name),*) -> Outcome + Send + Sync + 'static,
        {
            fn boxed(self) -> BoxedHandler {
                Box::new(move |cx| self(cx, $($name::extract(cx.call)?),*))
            }
        }
    };
}

handler!();
handler!(A);
handler!(A, B);
handler!(A, B, C);
