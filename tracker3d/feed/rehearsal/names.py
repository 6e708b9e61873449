"""Invented names: riders, teams, places. Nobody and nothing of these exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

START_TOWN = "Vallombreuse-le-Gué"
FINISH_TOWN = "Plan d'Aurevers"
STAGE_NAME = f"{START_TOWN} > {FINISH_TOWN}"
COL = "Col de Marvèze"
SPRINT_TOWN = "Pont-Sarrazel"
FOOT_TOWN = "Les Brévannes"
TUNNEL = "Tunnel de la Corniole"
VALLEY_TOWN = "Saint-Orvain"
LAST_TOWN = "Montsauvel"


@dataclass(frozen=True)
class TeamName:
    """An invented team: code, name, colour (hex) and home nation."""

    code: str
    name: str
    colour: str
    nation: str


TEAMS = (
    TeamName("KRV", "Korvin Optik", "#1F6FEB", "ger"),
    TeamName("SLN", "Sellanova Caffè", "#B3541E", "ita"),
    TeamName("TRQ", "Maison Tarquelle", "#7B2CBF", "fra"),
    TeamName("OSM", "Ostermarken Bank", "#00A6A6", "den"),
    TeamName("FJV", "Fjellvind Energi", "#E63946", "nor"),
    TeamName("VNT", "Vantoria Rail", "#2B9348", "gbr"),
    TeamName("CLD", "Agua Caldereta", "#48CAE4", "esp"),
    TeamName("BRN", "Brunnhofer Werkzeuge", "#6C757D", "aut"),
    TeamName("PLG", "Pellegrasso Ceramiche", "#F4A261", "ita"),
    TeamName("HLC", "Seguros Halconera", "#FFD60A", "esp"),
    TeamName("QRC", "Querciola Legno", "#606C38", "ita"),
    TeamName("NHV", "Noordhavel Shipping", "#FF6B00", "ned"),
    TeamName("MRD", "Méridienne Assurances", "#023E8A", "fra"),
    TeamName("KST", "Kestrelmoor Telecom", "#D00070", "gbr"),
    TeamName("ZPH", "Zéphyrine", "#90E0EF", "fra"),
    TeamName("LMG", "Lumiglas Antwerpia", "#C1121F", "bel"),
    TeamName("STV", "Sturmvogel Reederei", "#3A0CA3", "ger"),
    TeamName("IBX", "Ibexa Outdoor", "#9EF01A", "sui"),
    TeamName("CDV", "Casa do Ventual", "#008000", "por"),
    TeamName("ORV", "Orchard & Valeworth", "#FFAFCC", "aus"),
    TeamName("TRN", "Tarniva Paliwa", "#FF4D4D", "pol"),
    TeamName("SLV", "Slovenská Javorina", "#4D908E", "svk"),
)

_FIRST = {
    "fra": "Étienne Loïc Gaël Théo Mathurin Célestin Hervé Anatole",
    "ita": "Ottavio Nicolò Ruggero Fausto Elio Donato Silvano Zeno",
    "esp": "Íñigo Jacinto Nicolás Anselmo Rubén Aurelio Gaspar Tomás",
    "bel": "Joris Wannes Seppe Gijs Lode Arne Brecht Ward",
    "ned": "Teunis Sjoerd Jelle Ruben Wout Hidde Bram Niek",
    "ger": "Jörg Lennart Konrad Till Veit Ruprecht Anselm Götz",
    "den": "Søren Asger Rune Viggo Bjarke Aksel Troels Malthe",
    "nor": "Eirik Håkon Sindre Ståle Brage Vetle Øystein Jostein",
    "gbr": "Alastair Rhys Callum Edmund Piers Duncan Rory Giles",
    "por": "Gonçalo Vasco Duarte Simão Tiago Estêvão Lourenço Afonso",
    "sui": "Reto Urs Beat Flurin Gian Silvan Andri Jürg",
    "aut": "Valentin Gernot Leopold Matthäus Korbinian Florian Alois Wendelin",
    "pol": "Bogusław Mikołaj Zbigniew Radosław Jarosław Kamil Wojciech Łukasz",
    "aus": "Lachlan Angus Jarrah Darcy Mitchell Heath Bailey Campbell",
    "svk": "Ľuboš Štefan Matúš Radovan Miloš Vratislav Ondrej Juraj",
    "col": "Yeison Wilmar Fabián Óscar Duván Edilson Jhonatan Hernán",
}

_LAST = {
    "fra": "Brévenand Corvassier Ménadrieu Tissonnel Aubercault Lavergnolle Rocquetaille Pérouzat "
    "Gâtinelle Vaucressin Morvillard Chastenoy",
    "ita": "Bellandrini Corvatesta Frassinato Mondrigo Pozzalunga Tarvisello Roncavecchia Galdinetti "
    "Sorbelliani Montevespri Calderugo Zambrotello",
    "esp": "Arizmendueta Belchirra Corralvieja Fuentelmazo Garrastea Olmedral Peñacastro Zubirregi "
    "Villatoreno Montealbo Quintarrosa Ibargüeña",
    "bel": "Vanderzwalm Meersbrugge Coppelaere Hoogstraete Lievenbroek Dewitteput Steenackerman "
    "Wouterghem Baetselaar Kerremoes Ruysseveld Claeskens",
    "ned": "Hoekzemaat Vlietbergen Duinkamper Oosterwegel Polderveld Zwartehoek Rietstroom Kampenaar "
    "Tolheuvel Veenhuizer Dijkgravel Molenschot",
    "ger": "Kaltenbrück Ostermühl Rabensteiner Wetterfeldt Grünhagel Löwentraut Steinfurtner Hasenkropf "
    "Brackenhof Tannwälder Eisenrieth Mühlgrabner",
    "den": "Ravnsholdt Kirkebysen Ellemoes Tørslev Havgaardsen Strandbækker Overbølling Lyngskjær "
    "Rosenkildsen Dalumgaard Møllevang Hjortekær",
    "nor": "Fjærestrøm Kvitebergen Myklestøl Storhaugvik Breiseter Snøfjellås Granholtet Langedrågen "
    "Urdalsvik Trollnesset Høgevoll Sandviknes",
    "gbr": "Ashcombley Thornwaite Merriwald Pendragorth Harrowmere Lockhurst Glenfarrow Wexcombe "
    "Tarbrook Stanedale Fenwarden Kilbraith",
    "por": "Alvorinha Castrovelho Fontanelas Monteirinho Pedragoso Sobralinho Vilarandelo Ribacoa "
    "Outeirinho Campolargo Serranheira Valdigem",
    "sui": "Aeschbrunner Gantenfluh Hochwanger Niederälpler Rotmattli Schwendihof Zumtobler Furkhalter "
    "Büelmann Tschingelhorn Grimselried Lauenacher",
    "aut": "Hinterrauris Kogelbacher Pinzgruber Stubenfall Almgassner Traunwieser Gletscherau Zillerbach "
    "Krimmlinger Bergauer-Lenz Moosbrandt Lungötzer",
    "pol": "Brzezinowicz Gawrończyk Jaworzniak Kalinowicki Modrzewiak Ostrowidzki Sokołecki Wierzbinek "
    "Zawiślański Dębogórski Świerczyna Żurawicz",
    "aus": "Billabrook Carrowonga Dunstable-Hay Farraday-Knox Gumleigh Marradong Tallarook Warrenby "
    "Yarraville-Jones Coolabarra Mulgrave-Dean Wandooley",
    "svk": "Barančík Chmelnický Drevenák Hrabovčík Javorinský Kriváňsky Lipovčan Podhradský-Ban Rosinčák "
    "Sliačan Tatrančík Žiaranský",
    "col": "Guacharaque Chicamochero Paramillo Sumapaceño Tequendaza Boyacindo Cocuyano Iguaqueño "
    "Quimbayero Ráquirez Chingazal Guatavitense",
}


def draw_riders(rng: np.random.Generator, *, per_team: int) -> list[tuple[str, str, str]]:
    """Draw (first name, last name, nation) for each rider, team after team; no last name twice."""
    nations = sorted(_LAST)
    left = {nation: list(rng.permutation(_LAST[nation].split())) for nation in nations}
    riders = []
    for team in TEAMS:
        for place in range(per_team):
            home = team.nation if place < per_team // 2 else str(rng.choice(nations))
            nation = home if left[home] else max(nations, key=lambda name: len(left[name]))
            first = str(rng.choice(_FIRST[nation].split()))
            riders.append((first, str(left[nation].pop()), nation))
    return riders
