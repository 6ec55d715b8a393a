"""What the demo, the benchmarks and the end-to-end tests share: a real Home Assistant, its API, and a household."""
