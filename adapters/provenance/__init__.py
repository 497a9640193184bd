"""Where an order came from, in the form that programs of others read (W3C PROV)."""
