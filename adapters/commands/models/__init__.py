"""Models of the heads: let a head speak with another one."""
