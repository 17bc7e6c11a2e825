//! A contract that asks OutLayer for the weather in a city: what the documentation of NEAR
//! integration shows, with two attributes that near-sdk 5 wants (README.md).

use near_sdk::{env, near, Gas, Promise};
use serde_json::json;

#[near(contract_state)]
#[derive(Default)]
pub struct Contract {}

#[near]
impl Contract {
    #[payable]
    pub fn call_outlayer(&mut self, city: String) -> Promise {
        // Call OutLayer with a project
        Promise::new("outlayer.near".parse().unwrap())
            .function_call(
                "request_execution".to_string(),
                json!({
                    "source": {
                        "Project": {
                            "project_id": "alice.near/weather-api"
                        }
                    },
                    "input_data": json!({"city": city}).to_string(),
                    "resource_limits": {
                        "max_instructions": 1_000_000_000,
                        "max_execution_seconds": 30
                    }
                })
                .to_string()
                .into_bytes(),
                env::attached_deposit(),
                Gas::from_tgas(100),
            )
            .then(
                Self::ext(env::current_account_id())
                    .with_static_gas(Gas::from_tgas(10))
                    .on_outlayer_result(),
            )
    }

    #[private]
    #[allow(deprecated)]
    pub fn on_outlayer_result(&mut self) {
        // Handle the result from OutLayer
        match env::promise_result(0) {
            near_sdk::PromiseResult::Successful(data) => {
                let result: String = String::from_utf8(data).unwrap();
                env::log_str(&format!("Weather result: {}", result));
            }
            _ => {
                env::log_str("OutLayer execution failed");
            }
        }
    }
}
