"""Service vendors: a folder each. Plain values in, plain values out, no database."""
