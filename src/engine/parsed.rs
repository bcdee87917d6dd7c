//! What is known of a request without the world: which operation it calls, what its body says, and how both depart from the document.

use std::sync::Arc;

use crate::engine::call::{self, Call, Request, Validation};
use crate::engine::contract;
use crate::engine::options::Contract;
use crate::engine::refusal::Refusal;
use crate::engine::remarks;
use crate::engine::transaction;
use crate::engine::vendor::OperationRow;
use crate::engine::vendors::LoadedVendor;
use crate::spec::{self, Operation, Route};

/// A call that was read.
pub(super) struct Parsed<'m> {
    pub call: Call<'m>,
    /// The row that handles it, or the refusal if its caller is authenticated.
    pub row: Result<&'m OperationRow, Refusal>,
}

impl<'m> Parsed<'m> {
    /// A call of which nothing was read.
    pub fn unread(request: &'m Request, prefix: &'m str, path: &'m str) -> Self {
        Self { call: Call::unread(request, prefix, path), row: Err(Refusal::Broken) }
    }

    /// Reads it; it stays unread if that panics, of which this is the message.
    pub fn read(&mut self, loaded: &'m LoadedVendor, denied: Denied<'_>, contract: Contract) -> Result<(), String> {
        let Self { call, row } = self;
        match transaction::guarded(|| read(call, loaded, denied, contract)) {
            Ok(found) => *row = found,
            Err(panic) => {
                *self = Self::unread(self.call.request, self.call.prefix, self.call.path);
                return Err(panic);
            }
        }
        Ok(())
    }
}

/// Why a call is refused before its body is read, if it is.
type Denied<'d> = &'d dyn Fn(&Call<'_>) -> Option<Refusal>;

/// Route, decode, validate: what can be known without the world. `denied` may stop before the body.
fn read<'m>(call: &mut Call<'m>, loaded: &'m LoadedVendor, denied: Denied<'_>, contract: Contract) -> Result<&'m OperationRow, Refusal> {
    let (vendor, request) = (&loaded.vendor, call.request);
    let operation = addressed(call, loaded)?;
    let row = loaded.row(operation);
    call.validation = row.map_or(Validation::Noted, |row| row.validation);
    let mut refusal = None;
    if vendor.reading.checks_path {
        let found = operation.check_path(&call.parameters, &vendor.reading);
        if !found.is_empty() {
            call.violations = found.into();
            return Err(Refusal::Invalid(Arc::clone(&call.violations)));
        }
    }
    let letter = contract::reading(&vendor.reading, contract);
    let mut departures = Vec::new();
    if operation.body.is_some() {
        if let Some(denial) = denied(call) {
            return Err(denial);
        }
        remarks::of_content_type(request, operation, &mut call.remarks);
        match (vendor.decode)(request, operation) {
            Ok(mut body) => {
                remarks::unread(request, operation, &body, &mut call.remarks);
                if contract != Contract::Off {
                    departures = contract::departures(call, operation, &letter, Some(&body));
                }
                operation.arrange_body(&mut body, &vendor.reading);
                let found = operation.check_body(&body, &vendor.reading);
                if found.has_unknown {
                    remarks::of_members(&operation.unknown_members(&body), &mut call.remarks);
                }
                call.body = body;
                if !found.violations.is_empty() {
                    call.violations = found.violations.into();
                }
                if call.validation != Validation::Noted {
                    spec::apply(&mut call.body, found.changes);
                }
            }
            Err(unreadable) => {
                remarks::unreadable(&unreadable, request, operation, &mut call.remarks);
                refusal = Some(unreadable);
            }
        }
    } else if contract != Contract::Off {
        departures = contract::departures(call, operation, &letter, None);
    }
    if !call.query.is_empty() || operation.needs_query {
        remarks::of_query(&call.query, operation, &mut call.remarks);
        let found = operation.check_query(&call.query, &vendor.reading);
        if !found.is_empty() {
            Arc::make_mut(&mut call.violations).extend(found);
        }
    }
    if contract != Contract::Off {
        contract::apply(call, operation, &letter, departures, contract);
    }
    let is_unreadable = || call.violations.iter().any(|row| (vendor.reading.unreadable)(&row.rule));
    if refusal.is_none() && (call.validation == Validation::First || is_unreadable()) {
        refusal = call.valid().err();
    }
    if refusal.is_none() && contract == Contract::Strict && call.validation == Validation::Noted && !call.violations.is_empty() {
        refusal = Some(Refusal::Invalid(Arc::clone(&call.violations)));
    }
    let row = row.ok_or(Refusal::UnknownPath { authenticated: true });
    refusal.map_or(row, Err)
}

/// Finds the operation of a call by its address, and reads the parameters there.
fn addressed<'m>(call: &mut Call<'m>, loaded: &'m LoadedVendor) -> Result<&'m Operation, Refusal> {
    let (vendor, request, path) = (&loaded.vendor, call.request, call.path);
    call.query = call::pairs(&request.query);
    remarks::of_bytes(request, path, &mut call.remarks);
    let (operation, parameters) = match loaded.route(&request.method, path) {
        Route::Found(operation, parameters) => (operation, parameters),
        Route::WrongMethod(allowed) => {
            call.remarks.push(remarks::unknown_operation(loaded, request, path, &allowed));
            return Err(Refusal::WrongMethod(allowed));
        }
        Route::Unknown => {
            call.remarks.push(remarks::unknown_operation(loaded, request, path, &[]));
            return Err(Refusal::UnknownPath { authenticated: false });
        }
    };
    call.operation = Some(operation);
    call.parameters = parameters;
    if vendor.path_style.case_insensitive {
        operation.spell_as_declared(&mut call.query);
    }
    if vendor.reading.first_value && call.query.len() > 1 {
        operation.keep_first_values(&mut call.query);
    }
    Ok(operation)
}

/// Whether a call departs from the document to the letter in what its vendor does not look at.
pub(super) fn departs(request: &Request, prefix: &str, path: &str, loaded: &LoadedVendor) -> bool {
    let mut call = Call::unread(request, prefix, path);
    let looked = transaction::guarded(|| {
        let Ok(operation) = addressed(&mut call, loaded) else { return false };
        let letter = contract::reading(&loaded.vendor.reading, Contract::Lenient);
        let body = operation.body.is_some().then(|| (loaded.vendor.decode)(request, operation)).transpose();
        let in_itself = body.is_ok_and(|body| !contract::departures(&mut call, operation, &letter, body.as_ref()).is_empty());
        let has_query = !call.query.is_empty() || operation.needs_query;
        in_itself || has_query && !operation.check_query(&call.query, &letter).is_empty()
    });
    looked.unwrap_or_default()
}
