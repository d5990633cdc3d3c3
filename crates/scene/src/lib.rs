//! The view model.
