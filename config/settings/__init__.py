"""Settings, one subject a file. What may differ between two machines is an environment variable.

`.env.example` lists every variable with its default; nothing has to be set for the embedded default.
"""

from .api import *
from .base import *
from .console import *
from .environment import *
from .headers import *
from .logs import *
from .providers import *
from .push import *
from .services import *
