"""What belongs to an organization: one model by itself, one through its parent, one that refers to its own table."""

from django.db import models
from organizations.models import Organization


class Place(models.Model):
    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=200)
    region = models.CharField(max_length=40, db_index=True)
    part_of = models.ForeignKey("self", null=True, on_delete=models.CASCADE)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT)


class Visit(models.Model):
    place = models.ForeignKey(Place, on_delete=models.CASCADE)
    day = models.DateField()
    note = models.TextField(blank=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT)

    class Meta:
        indexes = [models.Index(fields=["place", "day"], name="visit_by_day")]
