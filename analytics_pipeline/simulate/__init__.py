"""A seeded course platform: learners with habits whose events look like a real platform's."""

from analytics_pipeline.simulate.faults import Fault, FaultKind, WrongFaultError, one_of_each, parse_fault
from analytics_pipeline.simulate.platform import simulate

__all__ = ["Fault", "FaultKind", "WrongFaultError", "one_of_each", "parse_fault", "simulate"]
