pub mod cost_explorer;
