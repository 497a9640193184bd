def rule(x):
    return x["a"] + 'b'
