# The score of a broker for a key, as nodes compute it: of several brokers the one with the highest
# score has the key. Arguments: the broker's name HOST:PORT, and the key.
import sys


def score(name, key):
    value = 0x811C9DC5
    for byte in f"{name} {key}".encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    value = (value ^ value >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    value = (value ^ value >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return value ^ value >> 16


print(score(*sys.argv[1:]))
