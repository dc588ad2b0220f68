"""The migrated database under the new application: DATABASE names it. Ends with an error when Django is surprised."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()

from django.db import IntegrityError, transaction  # noqa: E402
from django.db.models import ProtectedError  # noqa: E402
from organizations.models import Organization  # noqa: E402
from records.models import Place, Visit  # noqa: E402

main = Organization.objects.get(code="MAIN")
assert Place.objects.filter(organization=main).count() == Place.objects.count() == 300
place = Place.objects.create(code="NEW", name="New", region="IX", organization=main)
Visit.objects.create(place=place, day="2026-11-20", organization=main)
try:
    with transaction.atomic():
        Visit.objects.create(place=place, day="2026-11-20")
    raise SystemExit("a row without an organization was accepted: a default stayed behind")
except IntegrityError:
    pass
try:
    main.delete()
    raise SystemExit("an organization with rows was deleted")
except ProtectedError:
    pass
print("Django reads, writes and protects the migrated rows")
