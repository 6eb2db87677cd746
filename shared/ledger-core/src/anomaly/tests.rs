//! Planted anomalies are found, and little else.
