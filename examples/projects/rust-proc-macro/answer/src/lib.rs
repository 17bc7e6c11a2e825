use proc_macro::TokenStream;

/// How many tokens it was given.
#[proc_macro]
pub fn count(tokens: TokenStream) -> TokenStream {
    tokens.into_iter().count().to_string().parse().unwrap()
}
