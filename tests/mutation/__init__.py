"""Small mistakes in the rules that matter most, one at a time: does a test notice? See docs/testing.md."""
